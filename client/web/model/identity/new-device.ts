import { signal } from '@preact/signals';
import {
  AccountKey,
  CanopyError,
  claimDevice,
  type DeviceClaim,
  type DeviceLinkCode,
  type Identity,
  type IdentityStore,
  parseDeviceLink,
  parseLinkCode,
} from '../../../sdk/index.ts';
import { browserName } from './browser-name.ts';

export interface NewDeviceHost {
  url: string;
  store(): IdentityStore;
  /** This device belongs to an account now. */
  linked(identity: Identity, name: string): void;
  /** There is nothing more to do on this screen. */
  done(): void;
}

/** `key`: the user decides how this device keeps the account's key that it was given. */
export type NewDeviceStage = 'form' | 'asking' | 'waiting' | 'key';

/** Adding this device to an account, by the link or code that another device shows. */
export class NewDevice {
  readonly stage = signal<NewDeviceStage>('form');
  readonly problem = signal<CanopyError | undefined>(undefined);
  /** Whether the connection is lost at the moment. */
  readonly lost = signal(false);
  /** What this device is called, as far as the user has not chosen otherwise. */
  readonly suggestedName: string;
  /** The link that was opened; undefined: the user types the code. */
  readonly link: DeviceLinkCode | undefined;
  readonly #host: NewDeviceHost;
  readonly #client: string;
  #claim: DeviceClaim | undefined;
  #isClosed = false;

  constructor(host: NewDeviceHost, link?: DeviceLinkCode) {
    this.#host = host;
    this.link = link;
    const { browser, system } = browserName(navigator.userAgent);
    this.#client = [browser, system].filter(Boolean).join(' · ') || 'Browser';
    this.suggestedName = system ?? browser ?? '';
  }

  /** The code in what the user typed or pasted. Undefined if there is none. */
  read(typed: string): DeviceLinkCode | undefined {
    const link = parseDeviceLink(typed.trim());
    if (link) {
      return link;
    }
    const code = parseLinkCode(typed);
    return code === undefined ? undefined : { code };
  }

  /** Asks to be added. Never rejects. */
  async ask(link: DeviceLinkCode, name: string): Promise<void> {
    this.problem.value = undefined;
    this.stage.value = 'asking';
    const { url } = this.#host;
    const store = this.#host.store();
    try {
      const claim = await claimDevice({ url, link, name, client: this.#client, store });
      this.#claim = claim;
      if (this.#isClosed) {
        await claim.cancel();
      }
      claim.on('connected', (isConnected) => {
        this.lost.value = !isConnected;
      });
      this.stage.value = 'waiting';
      const identity = await claim.identity;
      this.#host.linked(identity, name);
      if (this.#isClosed) {
        return;
      }
      if (new AccountKey(identity, store).state === 'open') {
        this.stage.value = 'key';
      } else {
        this.#host.done();
      }
    } catch (error) {
      if (!this.#isClosed) {
        this.problem.value = CanopyError.from(error);
        this.stage.value = 'form';
      }
    }
  }

  /** The user has decided about the key. */
  finish(): void {
    this.#host.done();
  }

  /** Gives up waiting, and lets the user start over. */
  async cancel(): Promise<void> {
    await this.#claim?.cancel();
    this.stage.value = 'form';
    this.problem.value = undefined;
  }

  /** The screen is left. */
  close(): void {
    this.#isClosed = true;
    void this.#claim?.cancel();
  }
}
