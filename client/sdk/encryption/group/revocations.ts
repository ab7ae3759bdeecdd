import type { RequestInput, RequestResult } from '../../../../contract/index.ts';
import { CanopyError, revokedStatement } from '../../../../contract/light.ts';
import {
  type Certificate,
  type Crl,
  equalBytes,
  isListOf,
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

/** Maximum number of lists that are kept of authorities of which no certificate is known. */
const MAX_STRANGE_LISTS = 64;
/** Of each other authority, the newest are kept: one may not be valid yet. */
const LISTS_EACH = 3;

/** An authority, and its lists by SHA-256 (hex), the newest first. */
interface ListedAuthority {
  certificate: Certificate;
  lists: Map<string, Crl>;
}

/**
 * Who is revoked, as far as this device knows. The server only delivers it: each list is signed by its authority, and the deployment's own
 * revocations by a server of the deployment. What was revoked once stays so, and a list is used until its nextUpdate, even if the server no
 * longer sends it.
 */
export class Revocations {
  readonly #deploymentCa: Certificate;
  readonly #revoked = new Set<string>();
  /** The authorities of members' certificates, by name and key. */
  readonly #authorities = new Map<string, ListedAuthority>();
  /** Lists that none of these signed, by SHA-256 (hex), oldest arrivals first. The server can make up any number of them. */
  readonly #strange = new Map<string, Crl>();
  #checker = new RevocationLists([]);

  constructor(deploymentCa: Certificate) {
    this.#deploymentCa = deploymentCa;
  }

  /** What to ask the server for. */
  get request(): RequestInput<'encryption.revocations'> {
    return { known: [...this.#lists.keys()] };
  }

  get #lists(): Map<string, Crl> {
    return new Map([...this.#strange, ...[...this.#authorities.values()].flatMap(({ lists }) => [...lists])]);
  }

  /** Takes what the server delivers. What is not signed as it should be, or cannot be read, changes nothing. */
  async take({ lists, revoked }: RequestResult<'encryption.revocations'>, nowMs: number): Promise<void> {
    for (const each of lists) {
      const der = fromBase64(each);
      const list = readList(der);
      if (list) {
        this.#strange.set(toHex(await sha256(der)), list);
      }
    }
    for (const authority of this.#authorities.values()) {
      await this.#sort(authority);
    }
    for (const hash of [...this.#strange.keys()].slice(0, -MAX_STRANGE_LISTS)) {
      this.#strange.delete(hash);
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
    const anchor = path.at(-1);
    if (anchor && equalBytes(anchor.spki, this.#deploymentCa.spki)) {
      return 'good';
    }
    for (const certificate of path.slice(1)) {
      await this.#meet(certificate);
    }
    try {
      await this.#checker.check(path, nowMs);
      return 'good';
    } catch (cause) {
      return CanopyError.from(cause).code === 'CERT_REVOKED' ? 'revoked' : 'unknown';
    }
  }

  /** From now on, the lists of this authority are told from those that it did not sign. */
  async #meet(certificate: Certificate): Promise<void> {
    const id = `${toHex(certificate.subject)} ${toHex(certificate.spki)}`;
    if (!this.#authorities.has(id)) {
      const authority = { certificate, lists: new Map() };
      this.#authorities.set(id, authority);
      await this.#sort(authority);
    }
  }

  /** Gives an authority the lists that it signed. */
  async #sort(authority: ListedAuthority): Promise<void> {
    for (const [hash, list] of this.#strange) {
      if (await isListOf(list, authority.certificate)) {
        this.#strange.delete(hash);
        authority.lists.set(hash, list);
      }
    }
    const byAge = [...authority.lists].sort(([, a], [, b]) => b.thisUpdateMs - a.thisUpdateMs);
    authority.lists = new Map(byAge.slice(0, LISTS_EACH));
  }
}

function readList(der: Uint8Array): Crl | undefined {
  try {
    return parseCrl(der);
  } catch {
    return undefined;
  }
}
