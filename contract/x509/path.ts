import { CanopyError } from '../../base/errors/index.ts';
import { requireSoundSignature } from './algorithms.ts';
import { type Bytes, equalBytes, toHex } from './bytes.ts';
import type { Certificate } from './certificate.ts';
import { KEY_USAGE } from './extensions.ts';
import { OID } from './oids.ts';
import { requireReadableKey, requireSoundKey } from './public-key.ts';
import { signatureMatches } from './signatures.ts';

/** Maximum number of certificates presented. */
const MAX_CHAIN_CERTIFICATES = 6;
/** Maximum number of authorities above a leaf, including the trust anchor. */
const MAX_AUTHORITIES = 4;

const USAGES: Readonly<Record<string, string>> = {
  [OID.clientAuth]: 'clientAuth',
  [OID.serverAuth]: 'serverAuth',
};

/** A leaf and its issuers, the trust anchor last. */
export type Path = readonly [leaf: Certificate, ...authorities: Certificate[]];

/** The trusted authorities, by subject. */
export class AnchorSet {
  readonly #bySubject = new Map<string, Certificate[]>();

  constructor(anchors: Iterable<Certificate>) {
    // Prefer the longest-lived of several certificates of the same authority.
    for (const anchor of [...anchors].sort((a, b) => b.notAfterMs - a.notAfterMs)) {
      const subject = toHex(anchor.subject);
      this.#bySubject.set(subject, [...(this.#bySubject.get(subject) ?? []), anchor]);
    }
  }

  has(certificate: Certificate): boolean {
    return this.#named(certificate.subject).some((anchor) => equalBytes(anchor.der, certificate.der));
  }

  /** The trusted authorities that match a certificate's issuer. */
  issuersOf(certificate: Certificate): Certificate[] {
    return this.#named(certificate.issuer).filter((anchor) => mayHaveIssued(anchor, certificate));
  }

  #named(subject: Bytes): readonly Certificate[] {
    return this.#bySubject.get(toHex(subject)) ?? [];
  }
}

/**
 * Builds one path from the presented chain (leaf first, each followed by its issuer) to a trusted authority. Trusted certificates are
 * preferred to presented ones, and the path continues while the issuer is trusted too.
 * @throws {CanopyError} CERT_MALFORMED - wrong order, duplicates; CERT_SELF_SIGNED, CERT_UNTRUSTED, CERT_CHAIN_TOO_LONG
 */
async function buildPath(chain: readonly Certificate[], anchors: AnchorSet): Promise<Path> {
  const [leaf] = chain;
  if (!leaf) {
    throw new CanopyError('CERT_MISSING');
  }
  requireOrder(chain);
  if (leaf.selfIssued && !anchors.has(leaf)) {
    throw new CanopyError('CERT_SELF_SIGNED');
  }

  const authorities: Certificate[] = [];
  let current = leaf;
  let trusted = false;
  for (let presented = 1; ; ) {
    const candidates = anchors.issuersOf(current).filter((issuer) => !authorities.includes(issuer));
    const anchor = await pickIssuer(candidates, current);
    const ends = trusted && (current.selfIssued || !anchor);
    if (ends) {
      return [leaf, ...authorities];
    }
    const next: Certificate | undefined = anchor ?? chain[presented];
    if (!next) {
      throw new CanopyError('CERT_UNTRUSTED', 'the chain does not lead to a trusted authority');
    }
    if (anchor) {
      trusted = true;
    } else {
      presented += 1;
    }
    authorities.push(next);
    current = next;
    if (authorities.length > MAX_AUTHORITIES) {
      throw new CanopyError('CERT_CHAIN_TOO_LONG', `over ${MAX_AUTHORITIES} authorities`);
    }
  }
}

function requireOrder(chain: readonly Certificate[]): void {
  for (const [i, certificate] of chain.entries()) {
    const next = chain[i + 1];
    if (next && !equalBytes(certificate.issuer, next.subject)) {
      throw new CanopyError('CERT_MALFORMED', `certificate ${i + 1} did not issue certificate ${i}`);
    }
    if (chain.slice(i + 1).some((other) => equalBytes(other.der, certificate.der))) {
      throw new CanopyError('CERT_MALFORMED', `certificate ${i} is present twice`);
    }
  }
}

/** If authorities share a name and have no distinct key identifiers, verifies the signature to choose one. */
async function pickIssuer(
  candidates: readonly Certificate[],
  { signatureAlgorithm, tbs, signature }: Certificate,
): Promise<Certificate | undefined> {
  if (candidates.length > 1) {
    for (const candidate of candidates) {
      if (await signatureMatches(signatureAlgorithm, candidate.key, tbs, signature)) {
        return candidate;
      }
    }
  }
  return candidates[0];
}

/** Compares names, and key identifiers if both have them (RFC 5280 §4.2.1.1). */
function mayHaveIssued(issuer: Certificate, certificate: Certificate): boolean {
  const { keyId, serialHex } = certificate.extensions.authorityKeyId ?? {};
  return (
    equalBytes(certificate.issuer, issuer.subject) &&
    (keyId === undefined ||
      issuer.extensions.subjectKeyId === undefined ||
      keyId === issuer.extensions.subjectKeyId) &&
    (serialHex === undefined || serialHex === issuer.serialHex)
  );
}

/** What a path is validated for. */
export interface PathRules {
  /** Unix time in milliseconds. */
  atMs: number;
  /** The extended key usage that the leaf must have and its issuers must permit: an object identifier. Default: any. */
  usage?: string;
  /** The first certificate is an authority, e.g. an account before it has devices. Default false. */
  authority?: boolean;
}

/**
 * Validates a presented chain (leaf first, each followed by its issuer; the root may be omitted) and returns its path to a trusted
 * authority: RFC 5280 §6.1 without policies and name constraints, which are refused. Revocation is up to the caller.
 * @throws {CanopyError} the `CERT_…` codes, see docs/identity.md
 */
export async function validateChain(
  chain: readonly Certificate[],
  anchors: AnchorSet,
  rules: PathRules,
): Promise<Path> {
  requireChainLength(chain.length);
  const path = await buildPath(chain, anchors);
  await validatePath(path, rules);
  return path;
}

/** @throws {CanopyError} CERT_MISSING, CERT_CHAIN_TOO_LONG */
export function requireChainLength(certificates: number): void {
  if (certificates === 0) {
    throw new CanopyError('CERT_MISSING');
  }
  if (certificates > MAX_CHAIN_CERTIFICATES) {
    throw new CanopyError('CERT_CHAIN_TOO_LONG', `over ${MAX_CHAIN_CERTIFICATES} certificates presented`);
  }
}

/** Checks cheap rules first, then signatures from the anchor down, so that a stranger's certificates cost at most one verification. */
async function validatePath(path: Path, { atMs, usage, authority = false }: PathRules): Promise<void> {
  const named = path.map((certificate, i) => ({
    certificate,
    what: authority ? `authority ${i + 1}` : i === 0 ? 'leaf' : `authority ${i}`,
  }));
  let intermediates = 0;
  for (const [i, { certificate, what }] of named.entries()) {
    requireCommon(certificate, what, i === path.length - 1);
    if (what === 'leaf') {
      requireLeaf(certificate, usage);
      continue;
    }
    requireAuthority(certificate, what, { intermediates, usage });
    if (!certificate.selfIssued) {
      intermediates += 1;
    }
  }
  for (const { certificate, what } of named) {
    if (atMs < certificate.notBeforeMs) {
      throw new CanopyError('CERT_NOT_YET_VALID', what);
    }
    // RFC 5280 §4.1.2.5: valid through notAfter, inclusive.
    if (atMs > certificate.notAfterMs) {
      throw new CanopyError('CERT_EXPIRED', what);
    }
  }
  for (const { certificate, what } of named) {
    await requireReadableKey(certificate.key, what);
  }
  for (const [i, { certificate, what }] of [...named.entries()].reverse()) {
    const issuer = named[i + 1];
    if (!issuer) {
      continue;
    }
    const { signatureAlgorithm, tbs, signature } = certificate;
    if (!mayHaveIssued(issuer.certificate, certificate)) {
      throw new CanopyError('CERT_UNTRUSTED', `${issuer.what} does not have the key of the named issuer`);
    }
    if (!(await signatureMatches(signatureAlgorithm, issuer.certificate.key, tbs, signature))) {
      throw new CanopyError('CERT_BAD_SIGNATURE', what);
    }
  }
}

function requireCommon(certificate: Certificate, what: string, isAnchor: boolean): void {
  const { extensions } = certificate;
  requireSoundKey(certificate.key, what, what !== 'leaf');
  // An anchor is trusted as such; how it was signed does not matter.
  if (!isAnchor) {
    requireSoundSignature(certificate.signatureAlgorithm, what);
  }
  const [unsupported] = extensions.unsupported;
  if (unsupported) {
    throw new CanopyError('CERT_UNSUPPORTED', `${what}: extension ${unsupported}`);
  }
  if (!isAnchor && extensions.authorityKeyId?.keyId === undefined) {
    throw new CanopyError('CERT_NONCONFORMING', `${what}: no authority key identifier`);
  }
}

function requireLeaf({ extensions }: Certificate, usage: string | undefined): void {
  const { extKeyUsage, keyUsage, basicConstraints } = extensions;
  if (usage !== undefined && !extKeyUsage?.has(usage)) {
    throw new CanopyError('CERT_WRONG_USAGE', `leaf: extended key usage lacks ${USAGES[usage] ?? usage}`);
  }
  if (keyUsage && !keyUsage.has(KEY_USAGE.digitalSignature)) {
    throw new CanopyError('CERT_WRONG_USAGE', 'leaf: key usage lacks digitalSignature');
  }
  if (basicConstraints?.ca || keyUsage?.has(KEY_USAGE.keyCertSign)) {
    throw new CanopyError('CERT_WRONG_USAGE', 'leaf: is an authority');
  }
  if (basicConstraints?.pathLength !== undefined) {
    throw new CanopyError('CERT_NONCONFORMING', 'leaf: path length without CA');
  }
}

function requireAuthority(
  { extensions, subject }: Certificate,
  what: string,
  { intermediates, usage }: { intermediates: number; usage: string | undefined },
): void {
  const { basicConstraints, keyUsage, extKeyUsage, subjectKeyId } = extensions;
  if (!basicConstraints?.ca) {
    throw new CanopyError('CERT_NOT_A_CA', `${what}: no CA flag`);
  }
  if (!keyUsage?.has(KEY_USAGE.keyCertSign)) {
    throw new CanopyError('CERT_NOT_A_CA', `${what}: key usage lacks keyCertSign`);
  }
  if (!basicConstraints.critical) {
    throw new CanopyError('CERT_NONCONFORMING', `${what}: basic constraints are not critical`);
  }
  if (subjectKeyId === undefined) {
    throw new CanopyError('CERT_NONCONFORMING', `${what}: no subject key identifier`);
  }
  const emptyName = 2;
  if (subject.length <= emptyName) {
    throw new CanopyError('CERT_NONCONFORMING', `${what}: no name`);
  }
  if (usage !== undefined && extKeyUsage && !extKeyUsage.has(usage)) {
    throw new CanopyError(
      'CERT_WRONG_USAGE',
      `${what}: extended key usage does not permit ${USAGES[usage] ?? usage}`,
    );
  }
  if (basicConstraints.pathLength !== undefined && intermediates > basicConstraints.pathLength) {
    throw new CanopyError('CERT_CHAIN_TOO_LONG', `${what}: path length ${basicConstraints.pathLength}`);
  }
}
