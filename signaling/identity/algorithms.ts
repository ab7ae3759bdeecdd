import { type KeyObject, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { CanopyError } from '../../base/errors/index.ts';
import { DerError, DerReader, decodeOid, TAG } from './der.ts';

/** How a certificate or revocation list was signed. `weak` and `unknown` ones are refused when a path uses them. */
export interface SignatureAlgorithm {
  readonly oid: string;
  readonly key: 'rsa' | 'ec' | 'ed25519' | 'weak' | 'unknown';
  /** The hash, or null where the algorithm has its own. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
}

const SIGNATURES: Readonly<Record<string, Omit<SignatureAlgorithm, 'oid'>>> = {
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
  '1.3.101.112': { key: 'ed25519', hash: null },
  // MD2, MD4, MD5 and SHA-1 with RSA; SHA-1 with ECDSA; SHA-1 with DSA
  '1.2.840.113549.1.1.2': { key: 'weak', hash: null },
  '1.2.840.113549.1.1.3': { key: 'weak', hash: null },
  '1.2.840.113549.1.1.4': { key: 'weak', hash: null },
  '1.2.840.113549.1.1.5': { key: 'weak', hash: null },
  '1.3.14.3.2.29': { key: 'weak', hash: null },
  '1.2.840.10045.4.1': { key: 'weak', hash: null },
  '1.2.840.10040.4.3': { key: 'weak', hash: null },
};

const RSA_PARAMETERS = Buffer.from('0500', 'hex');

/** Reads an AlgorithmIdentifier of a signature. Parameters must be absent, or NULL for RSA. */
export function decodeSignatureAlgorithm(content: Uint8Array): SignatureAlgorithm {
  const reader = new DerReader(content);
  const oid = decodeOid(reader.read(TAG.oid).content);
  const known = SIGNATURES[oid] ?? { key: 'unknown', hash: null };
  if (!reader.done) {
    const parameters = reader.read().bytes;
    reader.end();
    const harmless = known.key === 'weak' || known.key === 'unknown';
    if (!harmless && !(known.key === 'rsa' && RSA_PARAMETERS.equals(parameters))) {
      throw new DerError('unexpected parameters of the signature algorithm');
    }
  }
  return { oid, ...known };
}

/** Refuses broken and unsupported signature algorithms. Errors: `CERT_WEAK`, `CERT_UNSUPPORTED`. */
export function requireSoundSignature(algorithm: SignatureAlgorithm, what: string): void {
  if (algorithm.key === 'weak') throw new CanopyError('CERT_WEAK', `${what}: signed with ${algorithm.oid}`);
  if (algorithm.key === 'unknown') {
    throw new CanopyError('CERT_UNSUPPORTED', `${what}: signature algorithm ${algorithm.oid}`);
  }
}

const CURVES = new Set(['prime256v1', 'secp384r1']);
/** Curves of under 112 bits of strength, with what OpenSSL calls them. */
const WEAK_CURVE =
  /^(?:secp1[0-9]{2}|secp2[0-4][0-9]|prime(?:19|2[0-3])|sect1|c2pnb1|brainpoolP(?:1|2[0-2]))/;
const RSA_LEAST_BITS = 2048;
const RSA_MOST_BITS = 8192;

/**
 * Refuses short and unsupported keys: RSA of 2048 to 8192 bits, P-256, P-384 and Ed25519 are taken, and P-521 for authorities.
 * Errors: `CERT_WEAK`, `CERT_UNSUPPORTED`.
 */
export function requireSoundKey(key: KeyObject, what: string, isAuthority: boolean): void {
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength < RSA_LEAST_BITS)
        throw new CanopyError('CERT_WEAK', `${what}: RSA ${modulusLength} bits`);
      if (publicExponent < 3n || publicExponent % 2n === 0n) {
        throw new CanopyError('CERT_WEAK', `${what}: RSA public exponent`);
      }
      // Verification must stay cheap whatever a stranger presents.
      if (modulusLength > RSA_MOST_BITS || publicExponent > 0xffff_ffffn) {
        throw new CanopyError('CERT_UNSUPPORTED', `${what}: RSA over ${RSA_MOST_BITS} bits`);
      }
      return;
    case 'ec':
      if (CURVES.has(namedCurve) || (isAuthority && namedCurve === 'secp521r1')) return;
      if (WEAK_CURVE.test(namedCurve)) throw new CanopyError('CERT_WEAK', `${what}: curve ${namedCurve}`);
      throw new CanopyError('CERT_UNSUPPORTED', `${what}: curve ${namedCurve || 'with explicit parameters'}`);
    case 'ed25519':
      return;
    case 'dsa':
      throw new CanopyError('CERT_WEAK', `${what}: DSA key`);
    default:
      throw new CanopyError('CERT_UNSUPPORTED', `${what}: key type ${key.asymmetricKeyType}`);
  }
}

const verifyAsync = promisify<
  string | null,
  Uint8Array,
  KeyObject | { key: KeyObject; dsaEncoding: 'ieee-p1363' },
  Uint8Array,
  boolean
>(verify);

/** Whether `key` made this signature of a certificate or list (ECDSA values in DER, RFC 5758 §3.2). */
export async function signatureMatches(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  signed: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (key.asymmetricKeyType !== algorithm.key) return false;
  return verifyAsync(algorithm.hash, signed, key, signature).catch(() => false);
}

/**
 * Whether `key` made this signature of a statement: raw r ‖ s with SHA-256 for P-256 and SHA-384 for P-384, RSASSA-PKCS1-v1_5
 * with SHA-256, or Ed25519.
 */
export async function statementMatches(
  key: KeyObject,
  signed: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const hash =
    key.asymmetricKeyType === 'ed25519'
      ? null
      : key.asymmetricKeyDetails?.namedCurve === 'secp384r1'
        ? 'sha384'
        : 'sha256';
  return verifyAsync(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature).catch(() => false);
}
