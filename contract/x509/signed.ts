import { type Bytes, equalBytes } from './bytes.ts';
import { type DerElement, DerError, DerReader, decodeBitOctets, TAG } from './der.ts';

/** The structure common to certificates and revocation lists (RFC 5280 §4.1.1 and §5.1.1). */
interface Signed {
  /** The signed part. */
  tbs: DerElement;
  algorithm: DerElement;
  signature: Bytes;
}

/** Splits a certificate or revocation list into its parts. @throws {DerError} */
export function readSigned(der: Bytes): Signed {
  const outer = new DerReader(DerReader.single(der, TAG.sequence).content);
  const tbs = outer.read(TAG.sequence);
  const algorithm = outer.read(TAG.sequence);
  const signature = decodeBitOctets(outer.read(TAG.bitString).content);
  outer.end();
  return { tbs, algorithm, signature };
}

/** Parses the algorithm within the signed part, which must equal the outer one. @throws {DerError} */
export function readSignedAlgorithm(body: DerReader, { algorithm }: Signed): DerElement {
  const inner = body.read(TAG.sequence);
  if (!equalBytes(inner.bytes, algorithm.bytes)) {
    throw new DerError('the two signature algorithms differ');
  }
  return inner;
}
