import type { RequestInput, RequestResult } from '../../../../contract/index.ts';
import { CanopyError, revokedStatement } from '../../../../contract/light.ts';
import {
  type Certificate,
  type Crl,
  type Path,
  parseCrl,
  RevocationLists,
  statementMatches,
} from '../../../../contract/x509/index.ts';
import { fromBase64, fromBase64Url, sha256, toHex } from '../../bytes.ts';
import { verifyServerLeaf } from '../../identity/index.ts';

/** Whether a certificate may still be trusted. `unknown`: its authority has lists, and none that is current. */
export type Standing = 'good' | 'revoked' | 'unknown';

/** Whose certificate it is. */
export interface Certified {
  readonly deviceId: string;
  readonly accountId: string;
  /** The certificates that led to a trusted authority. */
  readonly path: Path;
}

/** Maximum number of revocation lists that are kept. */
const MAX_LISTS = 64;

/**
 * Who is revoked, as far as this device knows. The server only delivers it: each list is signed by its authority, and the deployment's own
 * revocations by a server of the deployment. What was revoked once stays so, and a list is used until its nextUpdate, even if the server no
 * longer sends it.
 */
export class Revocations {
  readonly #deploymentCa: Certificate;
  readonly #revoked = new Set<string>();
  /** By SHA-256, hex. */
  readonly #lists = new Map<string, Crl>();
  #checker = new RevocationLists([]);

  constructor(deploymentCa: Certificate) {
    this.#deploymentCa = deploymentCa;
  }

  /** What to ask the server for. */
  get request(): RequestInput<'encryption.revocations'> {
    return { known: [...this.#lists.keys()] };
  }

  /** Takes what the server delivers. What is not signed as it should be, or cannot be read, changes nothing. */
  async take({ lists, revoked }: RequestResult<'encryption.revocations'>, nowMs: number): Promise<void> {
    for (const each of lists) {
      const der = fromBase64(each);
      const list = readList(der);
      if (list) {
        this.#lists.set(toHex(await sha256(der)), list);
      }
    }
    // The newest count, so the oldest can go.
    const byAge = [...this.#lists].sort(([, a], [, b]) => a.thisUpdateMs - b.thisUpdateMs);
    for (const [hash] of byAge.slice(0, Math.max(0, byAge.length - MAX_LISTS))) {
      this.#lists.delete(hash);
    }
    this.#checker = new RevocationLists([...this.#lists.values()]);
    if (revoked) {
      const leaf = await verifyServerLeaf(revoked.chain, this.#deploymentCa, nowMs).catch(() => undefined);
      const statement = revokedStatement(revoked);
      if (leaf && (await statementMatches(leaf.key, statement, fromBase64Url(revoked.signature)))) {
        for (const id of revoked.ids) {
          this.#revoked.add(id);
        }
      }
    }
  }

  async standingOf({ deviceId, accountId, path }: Certified, nowMs: number): Promise<Standing> {
    if (this.#revoked.has(deviceId) || this.#revoked.has(accountId)) {
      return 'revoked';
    }
    // The deployment's CA has no lists.
    if (path.at(-1)?.serialHex === this.#deploymentCa.serialHex) {
      return 'good';
    }
    try {
      await this.#checker.check(path, nowMs);
      return 'good';
    } catch (cause) {
      return CanopyError.from(cause).code === 'CERT_REVOKED' ? 'revoked' : 'unknown';
    }
  }
}

function readList(der: Uint8Array): Crl | undefined {
  try {
    return parseCrl(der);
  } catch {
    return undefined;
  }
}
