import { CanopyError } from '../../base/errors/index.ts';
import type { Bytes } from './bytes.ts';
import { DerReader, decodeBitOctets, decodeOid, decodeUnsigned, TAG } from './der.ts';

/** Supported types of keys. P-521 is for authorities only. */
export type KeyType = 'P-256' | 'P-384' | 'P-521' | 'RSA' | 'Ed25519';

/** A SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), not validated yet. */
export interface PublicKey {
  /** The whole structure, DER. */
  readonly spki: Bytes;
  /** Undefined: not supported. */
  readonly type: KeyType | undefined;
  /** Object identifier of the curve or, for other keys, the algorithm. */
  readonly oid: string;
  readonly rsa: { readonly bits: number; readonly exponent: bigint } | undefined;
}

const RSA_OID = '1.2.840.113549.1.1.1';
const EC_OID = '1.2.840.10045.2.1';
const TYPES: Readonly<Record<string, KeyType>> = {
  [RSA_OID]: 'RSA',
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
  '1.3.101.112': 'Ed25519',
};
/**
 * DSA, and curves with at most 112 bits of security: X9.62 prime192 to prime239, c2pnb163 and c2pnb176, SECG secp112 to secp224 and sect113
 * to sect193, brainpoolP160 to brainpoolP224.
 */
const WEAK = [
  /^1\.2\.840\.10040\.4\.1$/,
  /^1\.2\.840\.10045\.3\.1\.[1-6]$/,
  /^1\.2\.840\.10045\.3\.0\.[1-4]$/,
  /^1\.3\.132\.0\.(?:[1245-9]|15|2[2-5]|28|29|3[0-3])$/,
  /^1\.3\.36\.3\.3\.2\.8\.1\.1\.[1-6]$/,
];
const RSA_MIN_BITS = 2048;
const RSA_MAX_BITS = 8192;

/** Parses a SubjectPublicKeyInfo from strict DER. @throws {CanopyError} CERT_UNSUPPORTED - it cannot be read */
export function decodePublicKey(spki: Bytes): PublicKey {
  try {
    const outer = new DerReader(DerReader.single(spki, TAG.sequence).content);
    const algorithm = outer.enter(TAG.sequence);
    const content = decodeBitOctets(outer.read(TAG.bitString).content);
    outer.end();
    const named = decodeOid(algorithm.read(TAG.oid).content);
    // Curves may also be given by explicit parameters, which RFC 5480 §2.1.1 forbids.
    const curve = named === EC_OID ? algorithm.optional(TAG.oid)?.content : undefined;
    const oid = curve ? decodeOid(curve) : named;
    const type = oid === EC_OID ? undefined : TYPES[oid];
    return { spki, type, oid, rsa: type === 'RSA' ? decodeRsa(content) : undefined };
  } catch (cause) {
    throw new CanopyError('CERT_UNSUPPORTED', 'the public key cannot be read', { cause });
  }
}

/** RSAPublicKey (RFC 8017 appendix A.1.1). */
function decodeRsa(content: Bytes): { bits: number; exponent: bigint } {
  const key = new DerReader(DerReader.single(content, TAG.sequence).content);
  const modulus = decodeUnsigned(key.read(TAG.integer).content);
  const exponent = decodeUnsigned(key.read(TAG.integer).content);
  key.end();
  const leading = Number.parseInt(modulus.slice(0, 2), 16).toString(2).length;
  return { bits: (modulus.length / 2 - 1) * 8 + leading, exponent: BigInt(`0x${exponent}`) };
}

/**
 * Accepts RSA of 2048 to 8192 bits, P-256, P-384 and Ed25519, and P-521 for authorities.
 * @throws {CanopyError} CERT_WEAK, CERT_UNSUPPORTED
 */
export function requireSoundKey({ type, oid, rsa }: PublicKey, what: string, isAuthority: boolean): void {
  if (WEAK.some((weak) => weak.test(oid))) {
    throw new CanopyError('CERT_WEAK', `${what}: key of type ${oid}`);
  }
  if (type === undefined || (type === 'P-521' && !isAuthority)) {
    throw new CanopyError('CERT_UNSUPPORTED', `${what}: key of type ${oid}`);
  }
  if (!rsa) {
    return;
  }
  const { bits, exponent } = rsa;
  if (bits < RSA_MIN_BITS) {
    throw new CanopyError('CERT_WEAK', `${what}: RSA ${bits} bits`);
  }
  if (exponent < 3n || exponent % 2n === 0n) {
    throw new CanopyError('CERT_WEAK', `${what}: RSA public exponent`);
  }
  // Verification must stay cheap whatever a stranger presents.
  if (bits > RSA_MAX_BITS || exponent > 0xffff_ffffn) {
    throw new CanopyError('CERT_UNSUPPORTED', `${what}: RSA over ${RSA_MAX_BITS} bits`);
  }
}

/** Refuses an invalid key of a supported type, such as a point that is not on its curve. @throws {CanopyError} CERT_UNSUPPORTED */
export async function requireReadableKey(key: PublicKey, what: string): Promise<void> {
  if (key.type === undefined) {
    return;
  }
  try {
    await importKey(key, 'SHA-256');
  } catch (cause) {
    throw new CanopyError('CERT_UNSUPPORTED', `${what}: the public key cannot be read`, { cause });
  }
}

/** Each key is imported once per hash it is used with. */
const imported = new WeakMap<PublicKey, Map<string, Promise<CryptoKey>>>();

/** Imports the key into WebCrypto. Rejects if it is invalid or of an unsupported type. */
export async function importKey(key: PublicKey, hash: string): Promise<CryptoKey> {
  const { type, spki } = key;
  const byHash = imported.get(key) ?? new Map<string, Promise<CryptoKey>>();
  imported.set(key, byHash);
  const use = type === 'RSA' ? hash : '';
  const importing =
    byHash.get(use) ?? crypto.subtle.importKey('spki', spki, algorithmOf(type, hash), false, ['verify']);
  byHash.set(use, importing);
  return importing;
}

function algorithmOf(type: KeyType | undefined, hash: string) {
  if (type === 'RSA') {
    return { name: 'RSASSA-PKCS1-v1_5', hash };
  }
  if (type === 'Ed25519') {
    return { name: 'Ed25519' };
  }
  if (type === undefined) {
    throw new TypeError('unsupported key');
  }
  return { name: 'ECDSA', namedCurve: type };
}
