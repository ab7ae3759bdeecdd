import { CanopyError } from '../../base/errors/index.ts';
import { displayName as displayNameSchema } from '../../contract/index.ts';
import { BACKDATE_MS, openCa } from './ca-files.ts';
import { toPem } from './chain-codec.ts';
import { accountKeyOf } from './csr.ts';
import { type Issuer, issueAccount, nameOf } from './issue.ts';
import { MediaSigner, type SignedDtls } from './media-signer.ts';
import { accountIds, sha256Hex } from './names.ts';
import { OwnRevocation, type RevocationRecord } from './own-revocation.ts';
import { openTlsCertificate, type TlsCertificate } from './tls-certificate.ts';

export interface AuthorityOptions {
  /** Folder of the CA's files, made with mode 0700. */
  dir: string;
  /** The deployment's name, for people who read certificates. */
  name: string;
  /** Persistent store of revocations. Omitted: in memory only, for uses that revoke nobody. */
  revocations?: RevocationRecord;
  /** The clock, Unix time in milliseconds. Default `Date.now`. */
  now?: () => number;
}

export interface SignedAccount {
  /** DER, the account's certificate first, then the deployment CA. */
  chain: Uint8Array[];
  /** SHA-256 of the account's SPKI, 64 hex digits. */
  accountId: string;
  /** The certified name. */
  displayName: string;
  /** Unix time in milliseconds, of whole seconds. */
  notAfterMs: number;
}

/**
 * The deployment CA: ECDSA P-256 with SHA-256, path length 1, valid for ten years, created at the first start. It signs accounts, the
 * server's media keys and its HTTPS certificate, and tracks revocations.
 */
export class Authority {
  /** What the deployment revoked. */
  readonly revocation: OwnRevocation;
  readonly certificateDer: Uint8Array;
  readonly certificatePem: string;
  /** SHA-256 of the certificate, 64 hex digits. */
  readonly fingerprint: string;
  /** When the CA becomes valid, and when it expires, as Unix time in milliseconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly #dir: string;
  readonly #issuer: Issuer;
  readonly #now: () => number;
  readonly #mediaSigner: MediaSigner;

  /** Opens or makes the CA of a folder. Errors: `CA_UNUSABLE`. */
  static async open({ dir, name, revocations, now = Date.now }: AuthorityOptions): Promise<Authority> {
    const issuer = await openCa(dir, name, now());
    return new Authority(dir, issuer, await OwnRevocation.open(revocations, now), now);
  }

  private constructor(dir: string, issuer: Issuer, revocation: OwnRevocation, now: () => number) {
    this.#dir = dir;
    this.#issuer = issuer;
    this.#now = now;
    this.#mediaSigner = new MediaSigner(issuer, now);
    this.revocation = revocation;
    this.certificateDer = new Uint8Array(issuer.certificate.rawData);
    this.certificatePem = toPem(this.certificateDer, 'CERTIFICATE');
    this.fingerprint = sha256Hex(this.certificateDer);
    this.notBeforeMs = issuer.certificate.notBefore.getTime();
    this.notAfterMs = issuer.certificate.notAfter.getTime();
  }

  /** The account of a certificate request's key, SHA-256 of its SPKI. Errors: `CSR_INVALID`. */
  async accountIdOf(csrDer: Uint8Array): Promise<string> {
    const publicKey = await accountKeyOf(csrDer);
    return accountIds(new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))).accountId;
  }

  /**
   * Makes an account of a certificate request (PKCS#10, DER): a CA with path length 0 for the request's key, in the given name.
   * Errors: `CSR_INVALID`, `BAD_REQUEST` for a name that is none, `CERT_REVOKED` when the account of this key was revoked.
   */
  async signAccount(
    csrDer: Uint8Array,
    options: { displayName: string; validSeconds: number },
  ): Promise<SignedAccount> {
    const name = displayNameSchema.safeParse(options.displayName);
    if (!name.success) {
      throw new CanopyError('BAD_REQUEST', 'displayName');
    }
    const publicKey = await accountKeyOf(csrDer);
    const spki = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey));
    const { accountId, accountAlias } = accountIds(spki);
    if (this.revocation.isRevoked(accountId)) {
      throw new CanopyError('CERT_REVOKED', `account ${accountId}`);
    }
    const nowMs = this.#now();
    const notAfterMs = wholeSeconds(Math.min(nowMs + options.validSeconds * 1000, this.notAfterMs));
    const certificate = await issueAccount(this.#issuer, publicKey, nameOf(name.data, accountAlias), {
      notBeforeMs: nowMs - BACKDATE_MS,
      notAfterMs,
    });
    const chain = [new Uint8Array(certificate.rawData), this.certificateDer];
    return { chain, accountId, displayName: name.data, notAfterMs };
  }

  /**
   * Signs a worker's DTLS fingerprint (`sha-256`, upper-case hex pairs joined by colons). The answer is remembered, and signed
   * anew when over an hour old.
   */
  signDtls(workerId: string, fingerprint: string): Promise<SignedDtls> {
    return this.#mediaSigner.sign(workerId, fingerprint);
  }

  /**
   * The certificate for the built-in HTTPS, for these host names and IP addresses. It is kept in the folder; ask again now and
   * then (daily), since it is renewed 60 days before it expires.
   */
  tlsCertificate(hosts: readonly string[]): Promise<TlsCertificate> {
    return openTlsCertificate(this.#dir, this.#issuer, hosts, this.#now());
  }
}

function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}
