import { signal } from '@preact/signals';
import {
  type AskingDevice,
  CanopyError,
  type Client,
  type DeviceOffer,
  type Unlocking,
} from '../../../sdk/index.ts';
import type { AccountCare } from './account-care.ts';

/** Adding a device, on the one that has the account: it shows a code, asks for consent, and says how it ended. */
export type AddingStage = 'starting' | 'showing' | 'asked' | 'finishing' | 'added' | 'ended';

export class DeviceAdding {
  readonly stage = signal<AddingStage>('starting');
  /** The device that asks, or was added. */
  readonly asking = signal<AskingDevice | undefined>(undefined);
  readonly offer = signal<DeviceOffer | undefined>(undefined);
  readonly problem = signal<CanopyError | undefined>(undefined);
  /** Whether the connection is lost at the moment. */
  readonly lost = signal(false);
  readonly #connect: () => Promise<Client>;
  readonly #care: AccountCare;
  #isClosed = false;

  constructor(connect: () => Promise<Client>, care: AccountCare) {
    this.#connect = connect;
    this.#care = care;
  }

  /** Shows a new code. Never rejects. */
  async start(): Promise<void> {
    this.stage.value = 'starting';
    this.problem.value = undefined;
    this.asking.value = undefined;
    this.offer.value = undefined;
    try {
      const client = await this.#connect();
      const offer = await client.devices.offer();
      if (this.#isClosed) {
        await offer.cancel();
        return;
      }
      offer.on('asked', (device) => {
        this.asking.value = device;
        this.stage.value = 'asked';
      });
      offer.on('connected', (isConnected) => {
        this.lost.value = !isConnected;
      });
      offer.added.then(
        () => {
          this.stage.value = 'added';
        },
        (error: unknown) => this.#fail(error),
      );
      this.offer.value = offer;
      this.stage.value = 'showing';
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * The user agrees.
   *
   * @param handOver whether the new device gets the account's key too
   * @throws {CanopyError} ACCOUNT_KEY_LOCKED - the user can try again
   */
  async approve({
    handOver,
    unlocking,
  }: {
    handOver: boolean;
    unlocking: Unlocking | undefined;
  }): Promise<void> {
    const offer = this.offer.value;
    const key = this.#care.key.value;
    if (!offer || !key) {
      throw new CanopyError('ACCOUNT_KEY_MISSING');
    }
    const accountKey = await key.unlock(unlocking);
    await offer.approve(accountKey, { handOver });
    if (this.stage.value === 'asked') {
      this.stage.value = 'finishing';
    }
  }

  /** Cancels it, unless it is over. */
  close(): void {
    this.#isClosed = true;
    void this.offer.value?.cancel();
  }

  #fail(error: unknown): void {
    if (!this.#isClosed) {
      this.problem.value = CanopyError.from(error);
      this.stage.value = 'ended';
    }
  }
}
