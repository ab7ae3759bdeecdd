import { CanopyError } from '../../../contract/light.ts';
import type { Bytes } from '../bytes.ts';
import type { KeyType } from './certificate.ts';
import { DerReader, TAG } from './der.ts';

type KeyAlgorithmParameters = { name: string; namedCurve?: string; hash?: string };

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** How each key type signs Canopy's statements (contract/statements.ts). */
const SIGNING: Record<KeyType, { key: KeyAlgorithmParameters; sign: KeyAlgorithmParameters }> = {
  'P-256': { key: P256, sign: { name: 'ECDSA', hash: 'SHA-256' } },
  'P-384': { key: { name: 'ECDSA', namedCurve: 'P-384' }, sign: { name: 'ECDSA', hash: 'SHA-384' } },
  RSA: { key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, sign: { name: 'RSASSA-PKCS1-v1_5' } },
  Ed25519: { key: { name: 'Ed25519' }, sign: { name: 'Ed25519' } },
};

export function generateSigningKey(extractable: boolean): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(P256, extractable, ['sign', 'verify']);
}

/** Makes a signing key of PKCS#8 bytes. Throws CERT_MALFORMED when they are no key of that type. */
export async function importPrivateKey(pkcs8: Bytes, type: KeyType, extractable = false): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('pkcs8', pkcs8, SIGNING[type].key, extractable, ['sign']);
  } catch (cause) {
    throw new CanopyError('CERT_MALFORMED', `the private key is not an unencrypted PKCS#8 ${type} key`, {
      cause,
    });
  }
}

export async function sign(key: CryptoKey, type: KeyType, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign(SIGNING[type].sign, key, data));
}

/** Verifies a statement's signature (raw r ‖ s for ECDSA). False for anything malformed. */
export async function verifyStatement(
  spki: Bytes,
  type: KeyType,
  signature: Bytes,
  data: Bytes,
): Promise<boolean> {
  return verify(spki, SIGNING[type], signature, data);
}

/** Signature algorithms of certificates: their hash, and the key types that they go with. */
const CERTIFICATE_SIGNATURES: Record<string, { types: KeyType[]; hash?: string }> = {
  '1.2.840.10045.4.3.2': { types: ['P-256', 'P-384'], hash: 'SHA-256' },
  '1.2.840.10045.4.3.3': { types: ['P-256', 'P-384'], hash: 'SHA-384' },
  '1.2.840.113549.1.1.11': { types: ['RSA'], hash: 'SHA-256' },
  '1.2.840.113549.1.1.12': { types: ['RSA'], hash: 'SHA-384' },
  '1.2.840.113549.1.1.13': { types: ['RSA'], hash: 'SHA-512' },
  '1.3.101.112': { types: ['Ed25519'] },
};

/** Verifies a certificate's signature with its issuer's key. SHA-1 and MD5 are not in the table, so they fail. */
export async function verifyCertificateSignature(
  spki: Bytes,
  type: KeyType,
  algorithm: string,
  signature: Bytes,
  tbs: Bytes,
): Promise<boolean> {
  const entry = CERTIFICATE_SIGNATURES[algorithm];
  if (!entry?.types.includes(type)) return false;
  if (type === 'RSA') {
    const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: entry.hash };
    return verify(spki, { key: rsa, sign: rsa }, signature, tbs);
  }
  if (type === 'Ed25519') return verify(spki, SIGNING.Ed25519, signature, tbs);
  const raw = ecdsaToRaw(signature, type === 'P-256' ? 32 : 48);
  if (!raw) return false;
  return verify(spki, { key: SIGNING[type].key, sign: { name: 'ECDSA', hash: entry.hash } }, raw, tbs);
}

async function verify(
  spki: Bytes,
  { key, sign }: { key: KeyAlgorithmParameters; sign: KeyAlgorithmParameters },
  signature: Bytes,
  data: Bytes,
): Promise<boolean> {
  try {
    const publicKey = await crypto.subtle.importKey('spki', spki, key, false, ['verify']);
    return await crypto.subtle.verify(sign, publicKey, signature, data);
  } catch {
    return false;
  }
}

/** From X.509's SEQUENCE of two INTEGERs to WebCrypto's r ‖ s of fixed size; undefined when it is malformed. */
function ecdsaToRaw(der: Bytes, size: number): Bytes | undefined {
  try {
    const sequence = new DerReader(der).enter(TAG.SEQUENCE);
    const raw = new Uint8Array(2 * size);
    for (const end of [size, 2 * size]) {
      let { content } = sequence.read(TAG.INTEGER);
      while (content.length > 1 && content[0] === 0) content = content.subarray(1);
      if (content.length > size) return undefined;
      raw.set(content, end - content.length);
    }
    sequence.end();
    return raw;
  } catch {
    return undefined;
  }
}
