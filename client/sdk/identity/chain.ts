import { CanopyError } from '../../../contract/light.ts';
import { equalBytes } from '../bytes.ts';
import type { Certificate } from './certificate.ts';
import { verifyCertificateSignature } from './keys.ts';

export const EKU_SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

export interface ChainCheck {
  /** Leaf first; the anchor may be repeated at the end. */
  chain: Certificate[];
  /** The authority that is trusted beforehand. */
  anchor: Certificate;
  /** Unix time in milliseconds. */
  atMs: number;
  /** The extended key usage that the leaf must name. Absent: none is asked for (the first is an authority itself). */
  usage?: string;
}

/**
 * Validates a chain up to a pinned authority (RFC 5280 section 6.1 without policies, name constraints and revocation, which the
 * deployment's own certificates don't have). Throws a CERT_… error that names the fault.
 */
export async function checkChain({ chain, anchor, atMs, usage }: ChainCheck): Promise<void> {
  const path = chain.filter((certificate) => !equalBytes(certificate.der, anchor.der));
  const [leaf] = path;
  if (!leaf) throw new CanopyError('CERT_MISSING');
  if (usage && leaf.isCa) throw new CanopyError('CERT_WRONG_USAGE', 'an authority instead of a leaf');
  if (usage && !leaf.extendedKeyUsage?.includes(usage)) throw new CanopyError('CERT_WRONG_USAGE');
  for (const certificate of [...path, anchor]) {
    if (atMs < certificate.notBeforeMs) throw new CanopyError('CERT_NOT_YET_VALID');
    if (atMs > certificate.notAfterMs) throw new CanopyError('CERT_EXPIRED');
    const [unknown] = certificate.unknownCritical;
    if (unknown) throw new CanopyError('CERT_UNSUPPORTED', `critical extension ${unknown}`);
  }
  for (const [index, certificate] of path.entries()) {
    const issuer = path[index + 1] ?? anchor;
    if (!equalBytes(certificate.issuer, issuer.subject)) throw new CanopyError('CERT_UNTRUSTED');
    if (!issuer.isCa || !issuer.maySignCertificates) throw new CanopyError('CERT_NOT_A_CA');
    // An authority for one purpose only, as every account is, cannot vouch for another.
    if (usage && issuer.extendedKeyUsage && !issuer.extendedKeyUsage.includes(usage)) {
      throw new CanopyError('CERT_WRONG_USAGE', 'an issuer may not issue for this usage');
    }
    // Authorities between this issuer and the leaf; a first certificate that is an authority itself counts too.
    const below = index + (path[0]?.isCa ? 1 : 0);
    if (issuer.pathLength !== undefined && below > issuer.pathLength) {
      throw new CanopyError('CERT_CHAIN_TOO_LONG');
    }
    const genuine = await verifyCertificateSignature(
      issuer.spki,
      issuer.keyType,
      certificate.signatureAlgorithm,
      certificate.signature,
      certificate.tbs,
    );
    if (!genuine) throw new CanopyError('CERT_BAD_SIGNATURE');
  }
}
