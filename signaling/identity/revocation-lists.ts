import { CanopyError } from '../../base/errors/index.ts';
import {
  type Certificate,
  KEY_USAGE,
  type Path,
  signatureMatches,
  toHex,
} from '../../contract/x509/index.ts';
import type { Crl } from './crl.ts';

/**
 * Revocation lists (RFC 5280 §6.3, complete direct lists). Once there are any, each authority of a path must have one that is
 * current: a missing or overdue list refuses (`CERT_REVOCATION_UNKNOWN`), since what it would say is not known.
 */
export class RevocationLists {
  readonly #byIssuer = new Map<string, Crl[]>();
  /** Lists whose signature was checked, by the key that made it. */
  readonly #verified = new WeakMap<Crl, { spki: string; ok: boolean }>();

  constructor(lists: Iterable<Crl>) {
    for (const list of lists) {
      const issuer = toHex(list.issuer);
      this.#byIssuer.set(issuer, [...(this.#byIssuer.get(issuer) ?? []), list]);
    }
  }

  /** Errors: `CERT_REVOKED`, `CERT_REVOCATION_UNKNOWN`. */
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
    // The newest first: after a renewal both may be configured.
    const lists = [...(this.#byIssuer.get(toHex(issuer.subject)) ?? [])].sort(
      (a, b) => b.thisUpdateMs - a.thisUpdateMs,
    );
    for (const list of lists) {
      const sameKey =
        list.authorityKeyId === undefined || list.authorityKeyId === issuer.extensions.subjectKeyId;
      if (!sameKey || !(await this.#signedBy(list, issuer))) {
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
    // A weak algorithm never matches, see signatureMatches().
    const ok = await signatureMatches(list.signatureAlgorithm, issuer.key, list.tbs, list.signature);
    this.#verified.set(list, { spki, ok });
    return ok;
  }
}
