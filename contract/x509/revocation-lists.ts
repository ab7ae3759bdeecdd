import { CanopyError } from '../../base/errors/index.ts';
import { equalBytes, toHex } from './bytes.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { KEY_USAGE } from './extensions.ts';
import type { Path } from './path.ts';
import { signatureMatches } from './signatures.ts';

/**
 * Revocation lists (RFC 5280 §6.3; complete and direct ones only). If there are any, each authority of a path needs a current one:
 * without it the path is refused, since it may contain a revoked certificate.
 */
export class RevocationLists {
  /** DER of each. */
  readonly ders: readonly Uint8Array[];
  readonly #byIssuer = new Map<string, Crl[]>();
  /** Results of checking a list's signature, with the key it was checked against. */
  readonly #verified = new WeakMap<Crl, { spki: string; ok: boolean }>();

  constructor(lists: readonly Crl[]) {
    this.ders = lists.map(({ der }) => der);
    for (const list of lists) {
      const issuer = toHex(list.issuer);
      this.#byIssuer.set(issuer, [...(this.#byIssuer.get(issuer) ?? []), list]);
    }
  }

  /** @throws {CanopyError} CERT_REVOKED; CERT_REVOCATION_UNKNOWN - an authority has no current, valid list */
  async check(path: Path, nowMs: number): Promise<void> {
    if (this.#byIssuer.size === 0) {
      return;
    }
    for (let i = path.length - 1; i > 0; i -= 1) {
      const list = await this.#currentListOf(path[i] as Certificate, nowMs, `authority ${i}`);
      const { serialHex } = path[i - 1] as Certificate;
      if (list.revokedSerials.has(serialHex)) {
        throw new CanopyError(
          'CERT_REVOKED',
          `${i === 1 ? 'leaf' : `authority ${i - 1}`}, serial ${serialHex}`,
        );
      }
    }
  }

  async #currentListOf(issuer: Certificate, nowMs: number, what: string): Promise<Crl> {
    const usage = issuer.extensions.keyUsage;
    if (usage && !usage.has(KEY_USAGE.crlSign)) {
      throw new CanopyError('CERT_REVOCATION_UNKNOWN', `${what} may not sign revocation lists`);
    }
    let reason = 'no revocation list';
    // Newest first: after a renewal, both the old and the new list may be configured.
    const lists = [...(this.#byIssuer.get(toHex(issuer.subject)) ?? [])].sort(
      (a, b) => b.thisUpdateMs - a.thisUpdateMs,
    );
    for (const list of lists) {
      if (!(await this.#signedBy(list, issuer))) {
        reason = 'the revocation list is not signed by it';
      } else if (list.unsupported !== undefined) {
        reason = `the revocation list has the critical extension ${list.unsupported}`;
      } else if (nowMs < list.thisUpdateMs) {
        reason = 'the revocation list is not valid yet';
      } else if (nowMs >= list.nextUpdateMs) {
        reason = 'the revocation list is out of date';
      } else {
        return list;
      }
    }
    throw new CanopyError('CERT_REVOCATION_UNKNOWN', `${what}: ${reason}`);
  }

  async #signedBy(list: Crl, issuer: Certificate): Promise<boolean> {
    const spki = toHex(issuer.spki);
    const known = this.#verified.get(list);
    if (known?.spki === spki) {
      return known.ok;
    }
    const ok = await isListOf(list, issuer);
    this.#verified.set(list, { spki, ok });
    return ok;
  }
}

/** Whether a list is named after this authority and signed by its key. */
export async function isListOf(list: Crl, issuer: Certificate): Promise<boolean> {
  const { authorityKeyId } = list;
  const sameKey = authorityKeyId === undefined || authorityKeyId === issuer.extensions.subjectKeyId;
  if (!sameKey || !equalBytes(list.issuer, issuer.subject)) {
    return false;
  }
  // A weak algorithm never matches, see signatureMatches().
  return signatureMatches(list.signatureAlgorithm, issuer.key, list.tbs, list.signature);
}
