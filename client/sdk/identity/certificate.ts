import { CanopyError } from '../../../contract/light.ts';
import { type Bytes, fromBase64 } from '../bytes.ts';
import { DerReader, readBitString, readOid, readTime, TAG } from './der.ts';

/** Key types that Canopy's statements and certificates use. */
export type KeyType = 'P-256' | 'P-384' | 'RSA' | 'Ed25519';

/** What the SDK needs to know of an X.509 certificate (RFC 5280). */
export interface Certificate {
  der: Bytes;
  /** The part that is signed. */
  tbs: Bytes;
  signatureAlgorithm: string;
  signature: Bytes;
  /** Names, DER. */
  issuer: Bytes;
  subject: Bytes;
  /** The subject's common name, if it has one. */
  commonName: string | undefined;
  notBeforeMs: number;
  notAfterMs: number;
  /** SubjectPublicKeyInfo, DER. */
  spki: Bytes;
  keyType: KeyType;
  isCa: boolean;
  /** How many authorities may follow below; undefined: any number. */
  pathLength: number | undefined;
  /** Whether keyUsage, where present, permits signing certificates. */
  maySignCertificates: boolean;
  /** Object identifiers of the extended key usage; undefined: no restriction. */
  extendedKeyUsage: string[] | undefined;
  /** Object identifiers of critical extensions that this reader does not know. */
  unknownCritical: string[];
}

const OID = {
  commonName: '2.5.4.3',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  ec: '1.2.840.10045.2.1',
} as const;

const KEY_TYPES: Record<string, KeyType> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.2.840.113549.1.1.1': 'RSA',
  '1.3.101.112': 'Ed25519',
};

/** Reads a certificate of the wire (base64 DER). Throws CERT_MALFORMED. */
export function readCertificate(base64: string): Certificate {
  try {
    return parse(fromBase64(base64));
  } catch (error) {
    if (error instanceof CanopyError) throw error;
    throw new CanopyError('CERT_MALFORMED', error instanceof Error ? error.message : undefined, {
      cause: error,
    });
  }
}

function parse(der: Bytes): Certificate {
  const top = new DerReader(der);
  const outer = top.enter(TAG.SEQUENCE);
  top.end();
  const tbs = outer.read(TAG.SEQUENCE);
  const signatureAlgorithm = outer.read(TAG.SEQUENCE);
  const signature = readBitString(outer.read(TAG.BIT_STRING).content);
  outer.end();

  const body = new DerReader(tbs.content);
  const version = body.readOptional(0xa0);
  body.read(TAG.INTEGER);
  const innerAlgorithm = body.read(TAG.SEQUENCE);
  if (!sameContent(innerAlgorithm.content, signatureAlgorithm.content)) {
    throw new RangeError('the two signature algorithms differ');
  }
  const issuer = body.read(TAG.SEQUENCE).whole;
  const validity = body.enter(TAG.SEQUENCE);
  const notBeforeMs = readTime(validity.read());
  const notAfterMs = readTime(validity.read());
  const subject = body.read(TAG.SEQUENCE);
  const spki = body.read(TAG.SEQUENCE);
  const extensions = body.done ? undefined : body.readOptional(0xa3);
  if (extensions && !version) throw new RangeError('extensions need version 3');

  const certificate: Certificate = {
    der,
    tbs: tbs.whole,
    signatureAlgorithm: readOid(new DerReader(signatureAlgorithm.content).read(TAG.OID).content),
    signature,
    issuer,
    subject: subject.whole,
    commonName: readCommonName(subject.content),
    notBeforeMs,
    notAfterMs,
    spki: spki.whole,
    keyType: readKeyType(spki.content),
    isCa: false,
    pathLength: undefined,
    maySignCertificates: true,
    extendedKeyUsage: undefined,
    unknownCritical: [],
  };
  if (extensions) readExtensions(new DerReader(extensions.content).enter(TAG.SEQUENCE), certificate);
  return certificate;
}

function sameContent(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function readKeyType(content: Bytes): KeyType {
  const algorithm = new DerReader(content).enter(TAG.SEQUENCE);
  const oid = readOid(algorithm.read(TAG.OID).content);
  const name = oid === OID.ec ? readOid(algorithm.read(TAG.OID).content) : oid;
  const type = KEY_TYPES[name];
  if (!type) throw new CanopyError('CERT_UNSUPPORTED', `key algorithm ${name}`);
  return type;
}

function readCommonName(content: Bytes): string | undefined {
  const names = new DerReader(content);
  let found: string | undefined;
  while (!names.done) {
    const set = names.enter(TAG.SET);
    while (!set.done) {
      const attribute = set.enter(TAG.SEQUENCE);
      const isCommonName = readOid(attribute.read(TAG.OID).content) === OID.commonName;
      if (isCommonName) found = new TextDecoder().decode(attribute.read().content);
    }
  }
  return found;
}

function readExtensions(list: DerReader, certificate: Certificate): void {
  const seen = new Set<string>();
  while (!list.done) {
    const extension = list.enter(TAG.SEQUENCE);
    const oid = readOid(extension.read(TAG.OID).content);
    if (seen.has(oid)) throw new RangeError(`extension ${oid} occurs twice`);
    seen.add(oid);
    const critical = extension.readOptional(TAG.BOOLEAN)?.content[0] === 0xff;
    const value = new DerReader(extension.read(TAG.OCTET_STRING).content);
    if (oid === OID.basicConstraints) {
      const constraints = value.enter(TAG.SEQUENCE);
      certificate.isCa = constraints.readOptional(TAG.BOOLEAN)?.content[0] === 0xff;
      certificate.pathLength = constraints.readOptional(TAG.INTEGER)?.content[0];
    } else if (oid === OID.keyUsage) {
      // Bit 5 is keyCertSign; bits count from the most significant one, after the count of unused bits.
      certificate.maySignCertificates = ((value.read(TAG.BIT_STRING).content[1] ?? 0) & 0x04) !== 0;
    } else if (oid === OID.extendedKeyUsage) {
      const usages = value.enter(TAG.SEQUENCE);
      certificate.extendedKeyUsage = [];
      while (!usages.done) certificate.extendedKeyUsage.push(readOid(usages.read(TAG.OID).content));
    } else if (critical && oid !== OID.subjectAltName) {
      certificate.unknownCritical.push(oid);
    }
  }
}
