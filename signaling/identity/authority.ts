import { CanopyError } from '../../base/errors/index.ts';
import { displayName as displayNameSchema } from '../../contract/index.ts';
import { DerReader, TAG } from '../../contract/x509/index.ts';
import { toPem } from './chain-codec.ts';
import { EC_P256, type Issuer, issueAccount, nameOf } from './issue.ts';
import { MediaSigner, type SignedDtls, type SignedRevoked } from './media-signer.ts';
import { accountIds, sha256Hex } from './names.ts';
import { BACKDATE_MS, openCa } from './open-ca.ts';
import { OwnRevocation, type RevocationRecord } from './own-revocation.ts';
import { openTlsCertificate, type TlsCertificate } from './tls-certificate.ts';
import { Pkcs10CertificateRequest } from './x509.ts';

const MAX_CSR_BYTES = 3072;

export interface AuthorityOptions {
  /** Folder of the CA's files, created with mode 0700. */
  dir: string;
  /** The deployment's name, shown in the CA certificate. */
  name: string;
  /** Persistent store of revocations. Default: memory only, for callers that revoke nothing. */
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
  /** Unix time in milliseconds, rounded down to a second. */
  notAfterMs: number;
}

/**
 * The deployment CA: ECDSA P-256 with SHA-256, path length 1, valid for ten years, created at the first start. It signs accounts, the
 * server's media keys and its HTTPS certificate, and tracks revocations.
 */
export class Authority {
  /** The deployment's own revocations. */
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

  /** Opens or creates the CA of a folder. @throws {CanopyError} CA_UNUSABLE - damaged, incomplete, unreadable or expired */
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

  /** The account id for a certificate request's key: SHA-256 of its SPKI. @throws {CanopyError} CSR_INVALID */
  async accountIdOf(csrDer: Uint8Array): Promise<string> {
    const publicKey = await accountKeyOf(csrDer);
    return accountIds(new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))).accountId;
  }

  /**
   * Issues an account for a certificate request (PKCS#10, DER): a CA with path length 0 for the request's key, with the given name.
   *
   * @param options `unit`: the organizational unit in its name, which marks the phone gateway (GATEWAY_UNIT); people have none
   * @throws {CanopyError} CSR_INVALID
   * @throws {CanopyError} BAD_REQUEST - the name is not a valid display name
   * @throws {CanopyError} CERT_REVOKED - the account with this key was revoked
   */
  async signAccount(
    csrDer: Uint8Array,
    options: { displayName: string; validSeconds: number; unit?: string | undefined },
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
    const subject = nameOf(name.data, accountAlias, options.unit);
    const certificate = await issueAccount(this.#issuer, publicKey, subject, {
      notBeforeMs: nowMs - BACKDATE_MS,
      notAfterMs,
    });
    const chain = [new Uint8Array(certificate.rawData), this.certificateDer];
    return { chain, accountId, displayName: name.data, notAfterMs };
  }

  /**
   * Signs a worker's DTLS fingerprint (`sha-256`, upper-case hex pairs joined by colons). The result is cached for an hour.
   */
  signDtls(workerId: string, fingerprint: string): Promise<SignedDtls> {
    return this.#mediaSigner.sign(workerId, fingerprint);
  }

  /** Signs which devices and accounts are revoked. */
  signRevoked(ids: string[]): Promise<SignedRevoked> {
    return this.#mediaSigner.signRevoked(ids);
  }

  /**
   * The certificate of the built-in HTTPS server for these host names and IP addresses, kept in the folder. It is renewed 60 days before
   * it expires, so call this at least daily.
   */
  tlsCertificate(hosts: readonly string[]): Promise<TlsCertificate> {
    return openTlsCertificate(this.#dir, this.#issuer, hosts, this.#now());
  }
}

function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}

/**
 * The public key of an account's certificate request (PKCS#10, RFC 2986): P-256, self-signed with SHA-256. Everything else in the request
 * is ignored.
 *
 * @throws {CanopyError} CSR_INVALID
 */
async function accountKeyOf(csrDer: Uint8Array): Promise<CryptoKey> {
  if (csrDer.length > MAX_CSR_BYTES) {
    throw new CanopyError('CSR_INVALID', 'too large');
  }
  let key: CryptoKey;
  try {
    DerReader.single(new Uint8Array(csrDer), TAG.sequence);
    const request = new Pkcs10CertificateRequest(new Uint8Array(csrDer));
    const { hash } = request.signatureAlgorithm as { hash?: { name: string } };
    key = await request.publicKey.export(EC_P256, ['verify']);
    if (hash?.name !== 'SHA-256' || !(await request.verify())) {
      throw new Error('not signed by its own key');
    }
  } catch (cause) {
    throw new CanopyError('CSR_INVALID', 'must be PKCS#10 with P-256 and SHA-256, signed with its own key', {
      cause,
    });
  }
  return key;
}
