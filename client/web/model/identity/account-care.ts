import { signal } from '@preact/signals';
import {
  AccountKey,
  type AccountKeyState,
  CanopyError,
  type Client,
  type Identity,
  type IdentityStore,
  type Locking,
  type OwnDevice,
  renewalDue,
  renewIdentity,
  type Unlocking,
} from '../../../sdk/index.ts';

/** What the user should know or do about their account on this device. */
export type Need =
  /** The account's key is readable only while this page is open: store it encrypted. */
  | { kind: 'protect' }
  /** The certificate expires: unlock the key to renew it. */
  | { kind: 'renew'; expiresAtMs: number }
  /** The certificate expires, and another device has to renew it. */
  | { kind: 'renew-elsewhere'; expiresAtMs: number }
  /** The whole account expires. */
  | { kind: 'account'; expiresAtMs: number };

/** A device of this account that needs a new certificate. */
export type AskingDevice = Pick<OwnDevice, 'deviceId' | 'name' | 'renewal'>;

export interface CareHost {
  store(): IdentityStore;
  /** A new certificate is there: connect with it. */
  renewed(): void;
}

/** How often certificates are checked, in milliseconds. */
const CHECK_MS = 6 * 3_600_000;
/** Guests' certificates, which last for a day, are not worth protecting. */
const SHORT_MS = 2 * 86_400_000;

/**
 * The account's key on this device, and the certificates that it renews: this device's and, on request, those of the account's other
 * devices. Where the key can sign without asking, nobody notices.
 */
export class AccountCare {
  readonly key = signal<AccountKey | undefined>(undefined);
  readonly keyState = signal<AccountKeyState>('absent');
  readonly need = signal<Need | undefined>(undefined);
  /** Other devices that wait for the key to be unlocked. */
  readonly asking = signal<readonly AskingDevice[]>([]);
  readonly #host: CareHost;
  #identity: Identity | undefined;
  #client: Client | undefined;
  /** What the user does not want to see again during this visit. */
  readonly #dismissed = new Set<Need['kind']>();

  constructor(host: CareHost) {
    this.#host = host;
  }

  /** Checks from time to time whether the certificate is due. */
  start(): void {
    setInterval(() => void this.#renewIfDue(), CHECK_MS);
  }

  /** This device has another identity. Renews its certificate if that is due and possible. Never rejects. */
  async use(identity: Identity | undefined): Promise<void> {
    this.#identity = identity;
    this.#client = undefined;
    this.#dismissed.clear();
    this.asking.value = [];
    this.key.value = identity && new AccountKey(identity, this.#host.store());
    await this.#renewIfDue();
  }

  /** The server has accepted the identity. */
  connected(client: Client): void {
    this.#client = client;
    client.devices.on('renewed', (certificate) => {
      // Another server may have sent anything: what does not fit is ignored.
      void client.devices.adopt(certificate, this.#host.store()).then(
        () => this.#isRenewed(),
        () => {},
      );
    });
    client.devices.on('renewalRequested', ({ deviceId, name, request }) => {
      void this.#asked({ deviceId, name, renewal: request });
    });
    void this.#renewIfDue();
    if (this.keyState.value !== 'absent') {
      void this.#findAsking(client);
    }
  }

  /** Stores the key encrypted. @throws {CanopyError} ACCOUNT_KEY_LOCKED, ACCOUNT_KEY_MISSING */
  async protect(locking: Locking, unlocking?: Unlocking): Promise<void> {
    await this.key.value?.protect(locking, unlocking);
    this.#update();
  }

  /** Removes the key from this device. */
  async forgetKey(): Promise<void> {
    await this.key.value?.forget();
    this.#update();
  }

  /** Renews this device's certificate and those of other devices that ask. @throws {CanopyError} ACCOUNT_KEY_LOCKED */
  async renew(unlocking?: Unlocking): Promise<void> {
    const key = this.key.value;
    if (!key || !this.#identity) {
      throw new CanopyError('ACCOUNT_KEY_MISSING');
    }
    const accountKey = await key.unlock(unlocking);
    if (renewalDue(this.#identity) === 'yes') {
      await renewIdentity(this.#identity, this.#host.store(), accountKey);
      this.#isRenewed();
    }
    for (const device of this.asking.value) {
      await this.#client?.devices.renew(device, accountKey);
      this.asking.value = this.asking.value.filter(({ deviceId }) => deviceId !== device.deviceId);
    }
  }

  /** Hides the current need until the next visit. */
  dismiss(): void {
    const need = this.need.value;
    if (need) {
      this.#dismissed.add(need.kind);
    }
    this.#update();
  }

  get #isFree(): boolean {
    return this.keyState.value === 'usable' || this.keyState.value === 'open';
  }

  async #renewIfDue(): Promise<void> {
    this.#update();
    const identity = this.#identity;
    if (!identity || renewalDue(identity) !== 'yes') {
      return;
    }
    try {
      if (this.#isFree) {
        await this.renew();
      } else if (this.keyState.value === 'absent' && this.#client) {
        const isRenewed = await this.#client.devices.requestRenewal(this.#host.store());
        if (isRenewed) {
          this.#isRenewed();
        }
      }
    } catch (error) {
      // The next check tries again. The user is told when the certificate expires.
      console.warn('canopy: the certificate was not renewed', error);
    }
  }

  async #findAsking(client: Client): Promise<void> {
    try {
      const devices = await client.devices.list();
      for (const device of devices.filter(({ renewal, revoked }) => renewal && !revoked)) {
        await this.#asked(device);
      }
    } catch (error) {
      console.warn('canopy: the devices could not be listed', error);
    }
  }

  async #asked(device: AskingDevice): Promise<void> {
    const key = this.key.value;
    if (!key || this.keyState.value === 'absent') {
      return;
    }
    const others = this.asking.value.filter(({ deviceId }) => deviceId !== device.deviceId);
    this.asking.value = [...others, device];
    if (this.#isFree) {
      await this.renew().catch((error) => console.warn('canopy: a device was not renewed', error));
    }
  }

  #isRenewed(): void {
    this.#update();
    this.#host.renewed();
  }

  #update(): void {
    const identity = this.#identity;
    this.keyState.value = this.key.value?.state ?? 'absent';
    const need = identity && needOf(identity, this.keyState.value);
    this.need.value = need && !this.#dismissed.has(need.kind) ? need : undefined;
  }
}

function needOf(identity: Identity, state: AccountKeyState): Need | undefined {
  const { expiresAtMs } = identity;
  const due = renewalDue(identity);
  if (due === 'account') {
    return { kind: 'account', expiresAtMs };
  }
  if (due === 'yes' && state !== 'usable' && state !== 'open') {
    return { kind: state === 'locked' ? 'renew' : 'renew-elsewhere', expiresAtMs };
  }
  return state === 'open' && expiresAtMs - Date.now() > SHORT_MS ? { kind: 'protect' } : undefined;
}
