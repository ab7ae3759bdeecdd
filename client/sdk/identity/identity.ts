import {
  type AuthStatement,
  authStatement,
  CanopyError,
  type ContentStatement,
  contentStatement,
  type DtlsStatement,
  dtlsStatement,
  type GroupHeadStatement,
  groupHeadStatement,
  type RenewalStatement,
  renewalStatement,
  type VerifiedStatement,
  verifiedStatement,
} from '../../../contract/light.ts';
import { type Bytes, equalBytes, sha256, toBase64, toBase64Url, toHex } from '../bytes.ts';
import { createBackup } from './backup.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { sign } from './keys.ts';
import type { IdentityStore, StoredIdentity } from './store.ts';

/** This device's identity at one server: its certificate chain, its key, and the deployment CA that it trusts. */
export class Identity {
  /** Origin of the server that it is for, e.g. `https://meet.example:8443`. */
  readonly origin: string;
  /** SHA-256 of the device certificate's SPKI, 64 hex digits. */
  readonly deviceId: string;
  readonly displayName: string;
  /** The room that the invitation was for, if it named one. */
  readonly roomId: string | undefined;
  /** The CA that certifies the server's media keys, pinned when the identity was created. */
  readonly deploymentCa: Certificate;
  #stored: StoredIdentity;
  #leaf: Certificate;
  #accountKey: CryptoKey | undefined;

  private constructor(stored: StoredIdentity, leaf: Certificate, deviceId: string) {
    this.origin = stored.origin;
    this.displayName = stored.displayName;
    this.roomId = stored.roomId;
    this.deploymentCa = readCertificate(stored.deploymentCa);
    this.deviceId = deviceId;
    this.#stored = stored;
    this.#leaf = leaf;
  }

  /**
   * Creates an identity from what a store keeps.
   *
   * @param accountKey the account's extractable private key, only while a backup can still be made
   */
  static async create(stored: StoredIdentity, accountKey?: CryptoKey): Promise<Identity> {
    const [first] = stored.chain;
    if (!first) {
      throw new CanopyError('CERT_MISSING');
    }
    const leaf = readCertificate(first);
    const identity = new Identity(stored, leaf, toHex(await sha256(leaf.spki)));
    identity.#accountKey = accountKey;
    return identity;
  }

  /** Base64 DER, device leaf first, without the root. */
  get chain(): readonly string[] {
    return this.#stored.chain;
  }

  /** When the device certificate expires, Unix time in milliseconds. */
  get expiresAtMs(): number {
    return this.#leaf.notAfterMs;
  }

  /** The authorities of a company's PKI that this device trusts: those that it pinned, or else those of its own chain. */
  get companyCas(): Certificate[] {
    const pinned = this.#stored.authorities ?? (this.issuedByAccount ? [] : this.chain.slice(1));
    return pinned.map(readCertificate);
  }

  /** Whether the account's key issues its certificate, rather than a company's PKI. */
  get issuedByAccount(): boolean {
    const account = this.chain.length === 2 ? readCertificate(this.chain[1] ?? '') : undefined;
    return account !== undefined && equalBytes(account.issuer, this.deploymentCa.subject);
  }

  get expired(): boolean {
    return Date.now() > this.expiresAtMs;
  }

  /** Whether exportBackup() works without unlocking a key: while the page that enrolled stays open, until the key is protected. */
  get canExportBackup(): boolean {
    return this.#accountKey !== undefined;
  }

  /**
   * Exports the account as password-encrypted JSON, for linking another device with restoreFromBackup().
   *
   * @param key default: the key in this page's memory; otherwise, see AccountKey.exportBackup()
   * @throws {CanopyError} ACCOUNT_KEY_MISSING - the account key can no longer be exported
   */
  async exportBackup(password: string, key: CryptoKey | undefined = this.#accountKey): Promise<string> {
    if (!key?.extractable) {
      throw new CanopyError('ACCOUNT_KEY_MISSING', 'the account key is not exportable');
    }
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', key));
    return createBackup(
      {
        origin: this.origin,
        displayName: this.displayName,
        accountChain: this.chain.slice(1),
        deploymentCa: toBase64(this.deploymentCa.der),
        accountKey: toBase64(pkcs8),
      },
      password,
    );
  }

  /** @internal What a store keeps of it. */
  get stored(): StoredIdentity {
    return this.#stored;
  }

  /** @internal The account's extractable key, if it is in memory. */
  get exportableKey(): CryptoKey | undefined {
    return this.#accountKey;
  }

  /**
   * @internal Changes what the store keeps of it: as it is there now, since another tab may have changed it too. A store that has another
   * identity by now, or none, stays as it is.
   */
  async update(
    store: IdentityStore,
    change: (stored: StoredIdentity) => StoredIdentity,
    exportableKey: CryptoKey | undefined,
  ): Promise<void> {
    const kept = await store.load(this.origin);
    const keptSpki = kept && readCertificate(kept.chain[0] ?? '').spki;
    if (!kept || !keptSpki || !equalBytes(keptSpki, this.#leaf.spki)) {
      this.adopt(change(this.#stored), exportableKey);
      return;
    }
    const stored = change(kept);
    await store.save(stored);
    this.adopt(stored, exportableKey);
  }

  /** @internal Changes what is kept in memory. */
  adopt(stored: StoredIdentity, exportableKey: CryptoKey | undefined): void {
    this.#leaf = readCertificate(stored.chain[0] ?? '');
    this.#stored = stored;
    this.#accountKey = exportableKey;
  }

  /** Whether this device's certificate is one of the account with this id (64 hex digits), as docs/identity.md derives it. */
  async belongsTo(accountId: string): Promise<boolean> {
    const issuer = this.chain[1] === undefined ? undefined : readCertificate(this.chain[1]);
    if (!issuer) {
      return false;
    }
    // The deployment CA's accounts are their keys; a company's are the issuing key and a name.
    const names = [new Uint8Array(), ...this.#leaf.extensions.subjectAltNames];
    const ids = await Promise.all(
      names.map(async (name) => toHex(await sha256(new Uint8Array([...issuer.spki, ...name])))),
    );
    return ids.includes(accountId);
  }

  /** Signs the answer to a server's challenge. Returns the signature, base64url. */
  proveAuth(statement: Omit<AuthStatement, 'deviceId'>): Promise<string> {
    return this.#sign(authStatement({ ...statement, deviceId: this.deviceId }));
  }

  /** Signs a statement that binds a DTLS certificate to this device. Returns the signature, base64url. */
  bindDtls(statement: Omit<DtlsStatement, 'deviceId'>): Promise<string> {
    return this.#sign(dtlsStatement({ ...statement, deviceId: this.deviceId }));
  }

  /** Signs a request for a new certificate. Returns the signature, base64url. */
  signRenewal(statement: Omit<RenewalStatement, 'deviceId'>): Promise<string> {
    return this.#sign(renewalStatement({ ...statement, deviceId: this.deviceId }));
  }

  /**
   * Signs that this person's verification code was compared. Returns the signature, base64url.
   *
   * @param statement timeMs: Unix time in milliseconds
   */
  signVerified(statement: Omit<VerifiedStatement, 'deviceId'>): Promise<string> {
    return this.#sign(verifiedStatement({ ...statement, deviceId: this.deviceId }));
  }

  /** Signs in which epoch of a room's group this device is. Returns the signature, base64url. */
  signGroupHead(statement: Omit<GroupHeadStatement, 'deviceId'>): Promise<string> {
    return this.#sign(groupHeadStatement({ ...statement, deviceId: this.deviceId }));
  }

  /** Signs content that is sent encrypted. Returns the signature, base64url. */
  signContent(statement: Omit<ContentStatement, 'deviceId'>): Promise<string> {
    return this.#sign(contentStatement({ ...statement, deviceId: this.deviceId }));
  }

  async #sign(data: Bytes): Promise<string> {
    return toBase64Url(await sign(this.#stored.deviceKey, this.#leaf.key.type, data));
  }
}
