import { CanopyError } from '../../../contract/light.ts';
import { fromBase64 } from '../bytes.ts';
import { readCertificate } from './certificate.ts';
import type { Identity } from './identity.ts';
import type { Locking, Unlocking } from './key-wrap.ts';
import { importPrivateKey } from './keys.ts';
import type { IdentityStore } from './store.ts';

/**
 * How a device holds its account's key. `absent`: not at all. `usable`: it can sign without asking, but nothing can read the key. `open`: it
 * is readable in this page's memory until the page is closed. `locked`: it is stored encrypted.
 */
export type AccountKeyState = 'absent' | 'usable' | 'open' | 'locked';

/** The account's key on this device: it issues the certificates of the account's devices. */
export class AccountKey {
  readonly #identity: Identity;
  readonly #store: IdentityStore;

  constructor(identity: Identity, store: IdentityStore) {
    this.#identity = identity;
    this.#store = store;
  }

  get state(): AccountKeyState {
    const { stored, exportableKey } = this.#identity;
    if (exportableKey) {
      return 'open';
    }
    if (stored.wrappedAccountKey) {
      return 'locked';
    }
    return stored.accountKey ? 'usable' : 'absent';
  }

  /** What unlocks the key: a password, or the passkey with this id, for this salt (both base64). Undefined: it is not locked. */
  get lock(): { by: 'password' } | { by: 'passkey'; credentialId: string; salt: string } | undefined {
    return this.#identity.exportableKey ? undefined : this.#identity.stored.wrappedAccountKey?.lock;
  }

  /** Whether the key can be encrypted, backed up and given to another device, if need be after unlocking it. */
  get canExport(): boolean {
    return this.state === 'open' || this.state === 'locked';
  }

  /**
   * Stores the key encrypted, and forgets every other copy on this device.
   *
   * @throws {CanopyError} ACCOUNT_KEY_MISSING - it cannot be exported; ACCOUNT_KEY_LOCKED - `unlocking` is wrong
   */
  async protect(locking: Locking, unlocking?: Unlocking): Promise<void> {
    const key = await this.unlock(unlocking);
    if (!key.extractable) {
      throw new CanopyError('ACCOUNT_KEY_MISSING', 'the account key is not exportable');
    }
    const { wrapKey } = await import('./key-wrap.ts');
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', key));
    const wrappedAccountKey = await wrapKey(pkcs8, locking, this.#identity.origin);
    pkcs8.fill(0);
    await this.#identity.update(
      this.#store,
      ({ accountKey: _, ...stored }) => ({ ...stored, wrappedAccountKey }),
      undefined,
    );
  }

  /** Forgets the key on this device, which can no longer add or renew devices by itself. */
  async forget(): Promise<void> {
    await this.#identity.update(
      this.#store,
      ({ accountKey: _, wrappedAccountKey: __, ...stored }) => stored,
      undefined,
    );
  }

  /**
   * The key, for a moment: do not keep it.
   *
   * @param unlocking required if it is locked
   * @throws {CanopyError} ACCOUNT_KEY_MISSING; ACCOUNT_KEY_LOCKED - `unlocking` is missing or wrong
   */
  async unlock(unlocking?: Unlocking): Promise<CryptoKey> {
    const { stored, exportableKey, origin } = this.#identity;
    if (exportableKey) {
      return exportableKey;
    }
    if (stored.wrappedAccountKey) {
      if (!unlocking) {
        throw new CanopyError('ACCOUNT_KEY_LOCKED');
      }
      const { unwrapKey } = await import('./key-wrap.ts');
      const pkcs8 = await unwrapKey(stored.wrappedAccountKey, unlocking, origin);
      const key = await importPrivateKey(pkcs8, readCertificate(stored.chain[1] ?? '').key.type, true);
      pkcs8.fill(0);
      return key;
    }
    if (!stored.accountKey) {
      throw new CanopyError('ACCOUNT_KEY_MISSING');
    }
    return stored.accountKey;
  }

  /**
   * Exports the account as password-encrypted JSON, for restoreFromBackup().
   *
   * @throws {CanopyError} ACCOUNT_KEY_MISSING; ACCOUNT_KEY_LOCKED
   */
  async exportBackup(password: string, unlocking?: Unlocking): Promise<string> {
    return this.#identity.exportBackup(password, await this.unlock(unlocking));
  }
}

/** An account's private key from PKCS#8, base64. @throws {CanopyError} CERT_MALFORMED */
export function accountKeyFrom(pkcs8: string): Promise<CryptoKey> {
  return importPrivateKey(fromBase64(pkcs8), 'P-256', true);
}
