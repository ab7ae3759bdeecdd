import {
  type RevokedStatement,
  revokedStatement,
  type ServerDtlsStatement,
  serverDtlsStatement,
} from '../../contract/index.ts';
import { encodeChain } from './chain-codec.ts';
import { EC_P256, ECDSA_SHA256, type Issuer, issueServer, nameOf } from './issue.ts';
import { BACKDATE_MS } from './open-ca.ts';

/** A worker's DTLS fingerprint, signed by the server. */
export interface SignedDtls extends ServerDtlsStatement {
  /** DER in base64, the server's leaf first, then the deployment CA. */
  chain: string[];
  /** Over serverDtlsStatement(), base64url. */
  signature: string;
}

/** Which devices and accounts are revoked, signed by the server. */
export interface SignedRevoked extends RevokedStatement {
  ids: string[];
  /** DER in base64, the server's leaf first, then the deployment CA. */
  chain: string[];
  /** Over revokedStatement(), base64url. */
  signature: string;
}

const LEAF_VALID_MS = 30 * 86_400_000;
const RENEW_LEAF_BEFORE_MS = 10 * 86_400_000;
const RESIGN_AFTER_MS = 3_600_000;

interface Leaf {
  chain: string[];
  privateKey: CryptoKey;
  notAfterMs: number;
}

/** Signs workers' DTLS fingerprints and who is revoked, with a leaf of the deployment CA. The leaf's key stays in memory. */
export class MediaSigner {
  readonly #issuer: Issuer;
  readonly #now: () => number;
  readonly #signed = new Map<string, { result: Promise<SignedDtls>; timeMs: number }>();
  #leaf: { promise: Promise<Leaf>; validFromMs: number; renewAtMs: number } | undefined;

  constructor(issuer: Issuer, now: () => number) {
    this.#issuer = issuer;
    this.#now = now;
  }

  sign(workerId: string, fingerprint: string): Promise<SignedDtls> {
    const timeMs = this.#now();
    const key = `${workerId} ${fingerprint}`;
    const known = this.#signed.get(key);
    if (known && isFresh(known.timeMs, timeMs)) {
      return known.result;
    }
    // Workers come and go; an old signature would not be reused anyway.
    for (const [other, entry] of this.#signed) {
      if (!isFresh(entry.timeMs, timeMs)) {
        this.#signed.delete(other);
      }
    }
    const result = this.#sign({ workerId, fingerprint, timeMs });
    this.#signed.set(key, { result, timeMs });
    // A failure is reported to the caller, but not cached.
    result.catch(() => this.#signed.delete(key));
    return result;
  }

  async #sign(statement: ServerDtlsStatement): Promise<SignedDtls> {
    return { ...statement, ...(await this.#signBytes(serverDtlsStatement(statement), statement.timeMs)) };
  }

  async signRevoked(ids: string[]): Promise<SignedRevoked> {
    const statement = { ids, timeMs: this.#now() };
    return { ...statement, ...(await this.#signBytes(revokedStatement(statement), statement.timeMs)) };
  }

  async #signBytes(
    bytes: Uint8Array<ArrayBuffer>,
    nowMs: number,
  ): Promise<Pick<SignedDtls, 'chain' | 'signature'>> {
    const { chain, privateKey } = await this.#currentLeaf(nowMs);
    const signature = await crypto.subtle.sign(ECDSA_SHA256, privateKey, bytes);
    return { chain, signature: Buffer.from(signature).toString('base64url') };
  }

  #currentLeaf(nowMs: number): Promise<Leaf> {
    if (!this.#leaf || nowMs >= this.#leaf.renewAtMs || nowMs < this.#leaf.validFromMs) {
      const promise = this.#makeLeaf(nowMs);
      const leaf = {
        promise,
        // The clock may be set back later.
        validFromMs: nowMs - BACKDATE_MS,
        renewAtMs: nowMs + LEAF_VALID_MS - RENEW_LEAF_BEFORE_MS,
      };
      this.#leaf = leaf;
      promise.catch(() => {
        if (this.#leaf === leaf) {
          this.#leaf = undefined;
        }
      });
    }
    return this.#leaf.promise;
  }

  async #makeLeaf(nowMs: number): Promise<Leaf> {
    const keys = await crypto.subtle.generateKey(EC_P256, false, ['sign', 'verify']);
    const notAfterMs = Math.min(nowMs + LEAF_VALID_MS, this.#issuer.certificate.notAfter.getTime());
    const leaf = await issueServer(this.#issuer, keys.publicKey, nameOf('Canopy media'), {
      notBeforeMs: nowMs - BACKDATE_MS,
      notAfterMs,
    });
    const chain = encodeChain([leaf, this.#issuer.certificate].map(({ rawData }) => new Uint8Array(rawData)));
    return { chain, privateKey: keys.privateKey, notAfterMs };
  }
}

function isFresh(timeMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - timeMs) < RESIGN_AFTER_MS;
}
