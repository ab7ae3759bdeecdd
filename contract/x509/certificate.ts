import { CanopyError } from '../../base/errors/index.ts';
import { decodeSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import { type Bytes, equalBytes } from './bytes.ts';
import { DerError, DerReader, decodeOid, decodeString, decodeTime, decodeUnsigned, TAG } from './der.ts';
import { decodeExtensions, type Extensions } from './extensions.ts';
import { OID } from './oids.ts';
import { decodePublicKey, type PublicKey } from './public-key.ts';
import { readSigned, readSignedAlgorithm } from './signed.ts';

/** Maximum size of a certificate, in bytes of DER: what fits the protocol's base64 field. */
const MAX_CERTIFICATE_BYTES = 6144;
/** RFC 5280 §4.1.2.2: serial numbers have at most 20 octets. */
const MAX_SERIAL_HEX = 40;

/** A parsed certificate, not validated yet. Byte fields are exactly as presented. */
export interface Certificate {
  readonly der: Bytes;
  /** The signed part. */
  readonly tbs: Bytes;
  readonly serialHex: string;
  /** DER of the names, compared byte by byte (RFC 5280 §4.1.2.6 requires issuers to repeat the encoding). */
  readonly issuer: Bytes;
  readonly subject: Bytes;
  readonly subjectCommonName: string | undefined;
  readonly subjectUnit: string | undefined;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Bytes;
  readonly key: PublicKey;
  readonly extensions: Extensions;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Bytes;
  readonly selfIssued: boolean;
}

/**
 * Parses a certificate from strict DER.
 * @throws {CanopyError} CERT_MALFORMED; CERT_NONCONFORMING - a version other than 3; CERT_UNSUPPORTED - the key cannot be read
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES) {
    throw new CanopyError('CERT_MALFORMED', 'certificate too large');
  }
  try {
    return decode(new Uint8Array(der));
  } catch (error) {
    if (error instanceof DerError) {
      throw new CanopyError('CERT_MALFORMED', error.message, { cause: error });
    }
    throw error;
  }
}

function decode(der: Bytes): Certificate {
  const signed = readSigned(der);
  const { tbs, signature } = signed;
  const body = new DerReader(tbs.content);
  const version = body.optional(0xa0);
  if (!version || decodeUnsigned(DerReader.single(version.content, TAG.integer).content) !== '02') {
    throw new CanopyError('CERT_NONCONFORMING', 'the certificate is not of version 3');
  }
  const serialHex = decodeUnsigned(body.read(TAG.integer).content);
  if (serialHex === '00' || serialHex.length > MAX_SERIAL_HEX) {
    throw new DerError('bad serial number');
  }
  const algorithm = readSignedAlgorithm(body, signed);
  const issuer = body.read(TAG.sequence).bytes;
  const validity = body.enter(TAG.sequence);
  const notBeforeMs = decodeTime(validity.read());
  const notAfterMs = decodeTime(validity.read());
  validity.end();
  const subject = body.read(TAG.sequence).bytes;
  const spki = body.read(TAG.sequence).bytes;
  // issuerUniqueID and subjectUniqueID: obsolete, ignored
  body.optional(0x81);
  body.optional(0x82);
  const extensions = body.optional(0xa3);
  body.end();
  textIn(issuer, OID.commonName);

  return {
    der,
    tbs: tbs.bytes,
    serialHex,
    issuer,
    subject,
    subjectCommonName: textIn(subject, OID.commonName),
    subjectUnit: textIn(subject, OID.organizationalUnit),
    notBeforeMs,
    notAfterMs,
    spki,
    key: decodePublicKey(spki),
    extensions: decodeExtensions(extensions && DerReader.single(extensions.content, TAG.sequence).content),
    signatureAlgorithm: decodeSignatureAlgorithm(algorithm.content),
    signature,
    selfIssued: equalBytes(issuer, subject),
  };
}

/**
 * The last attribute of a type in a distinguished name (DER), which is parsed completely. Invalidly encoded text is refused, since readers could
 * interpret it differently.
 * @throws {DerError}
 */
function textIn(name: Bytes, wanted: string): string | undefined {
  let found: string | undefined;
  for (const names = new DerReader(DerReader.single(name, TAG.sequence).content); !names.done; ) {
    const attributes = names.enter(TAG.set);
    do {
      const attribute = attributes.enter(TAG.sequence);
      const type = decodeOid(attribute.read(TAG.oid).content);
      const text = decodeString(attribute.read());
      attribute.end();
      if (type === wanted) {
        found = text ?? found;
      }
    } while (!attributes.done);
  }
  return found;
}
