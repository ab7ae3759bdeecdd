import type { LeafNode } from 'ts-mls';
import { CanopyError } from '../../base/errors/index.ts';
import { type Certificate, equalBytes, parseCertificate, requireChainLength, toHex } from '../x509/index.ts';
import { refuse } from './refuse.ts';

/** Length of the SubjectPublicKeyInfo of a P-256 key with an uncompressed point, and of the point, at its end. */
const SPKI_BYTES = 91;
const POINT_BYTES = 65;

/** What a leaf presents: its device's certificate and the issuers. Not validated. */
export interface LeafChain {
  /** SHA-256 of the device certificate's SPKI, 64 hex digits. */
  readonly deviceId: string;
  readonly chain: readonly [Certificate, ...Certificate[]];
}

/**
 * The chain in a leaf's credential, whose first certificate must have the leaf's own signature key.
 *
 * @throws {CanopyError} ENCRYPTION_INVALID - another type of credential, or another key; and the CERT_ codes of a chain that cannot be read
 */
export async function readLeafChain({
  credential,
  signaturePublicKey,
}: Pick<LeafNode, 'credential' | 'signaturePublicKey'>): Promise<LeafChain> {
  if (credential.credentialType !== 'x509') {
    refuse('a credential without certificates');
  }
  // Before parsing: a chain of a hundred certificates must cost nothing.
  requireChainLength(credential.certificates.length);
  const [leaf, ...issuers] = credential.certificates.map(parseCertificate);
  if (!leaf) {
    throw new CanopyError('CERT_MISSING');
  }
  const { spki, key } = leaf;
  if (key.type !== 'P-256' || spki.length !== SPKI_BYTES) {
    refuse('the certificate’s key is not on P-256');
  }
  if (!equalBytes(spki.subarray(-POINT_BYTES), signaturePublicKey)) {
    refuse('the leaf’s key is not that of its certificate');
  }
  const digest = await crypto.subtle.digest('SHA-256', spki);
  return { deviceId: toHex(new Uint8Array(digest)), chain: [leaf, ...issuers] };
}
