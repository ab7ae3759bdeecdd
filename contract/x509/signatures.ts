import type { SignatureAlgorithm } from './algorithms.ts';
import type { Bytes } from './bytes.ts';
import { DerReader, decodeUnsigned, TAG } from './der.ts';
import { importKey, type KeyType, type PublicKey } from './public-key.ts';

type StatementKeyType = Exclude<KeyType, 'P-521'>;

/** How each type of key signs Canopy's statements (contract/statements.ts), as WebCrypto parameters. */
export const STATEMENT_SIGNING: Readonly<Record<StatementKeyType, { name: string; hash: string }>> = {
  'P-256': { name: 'ECDSA', hash: 'SHA-256' },
  'P-384': { name: 'ECDSA', hash: 'SHA-384' },
  RSA: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  Ed25519: { name: 'Ed25519', hash: '' },
};

const FAMILY: Readonly<Record<KeyType, SignatureAlgorithm['key']>> = {
  'P-256': 'ec',
  'P-384': 'ec',
  'P-521': 'ec',
  RSA: 'rsa',
  Ed25519: 'ed25519',
};
const FIELD_BYTES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

/** Verifies the signature of a certificate or revocation list (ECDSA values in DER, RFC 5758 §3.2). Never rejects. */
export async function signatureMatches(
  algorithm: SignatureAlgorithm,
  key: PublicKey,
  signed: Bytes,
  signature: Bytes,
): Promise<boolean> {
  if (key.type === undefined || FAMILY[key.type] !== algorithm.key) {
    return false;
  }
  const { hash } = algorithm;
  const fieldBytes = FIELD_BYTES[key.type];
  const name = { ec: 'ECDSA', rsa: 'RSASSA-PKCS1-v1_5', ed25519: 'Ed25519' }[algorithm.key as 'ec'];
  try {
    const raw = fieldBytes === undefined ? signature : rawEcdsa(signature, fieldBytes);
    return await crypto.subtle.verify(
      { name, hash: hash ?? '' },
      await importKey(key, hash ?? ''),
      raw,
      signed,
    );
  } catch {
    return false;
  }
}

/**
 * Verifies the signature of a statement: raw r ‖ s with SHA-256 for P-256 and SHA-384 for P-384, RSASSA-PKCS1-v1_5 with SHA-256, or
 * Ed25519. Never rejects.
 */
export async function statementMatches(key: PublicKey, signed: Bytes, signature: Bytes): Promise<boolean> {
  if (key.type === undefined || key.type === 'P-521') {
    return false;
  }
  const signing = STATEMENT_SIGNING[key.type];
  try {
    return await crypto.subtle.verify(signing, await importKey(key, signing.hash), signature, signed);
  } catch {
    return false;
  }
}

/** Converts an ECDSA-Sig-Value (RFC 3279 §2.2.3) to WebCrypto's r ‖ s. @throws {DerError} @throws {RangeError} */
export function rawEcdsa(der: Bytes, fieldBytes: number): Bytes {
  const values = new DerReader(DerReader.single(der, TAG.sequence).content);
  const hex = [values, values].map((each) => decodeUnsigned(each.read(TAG.integer).content));
  values.end();
  const digits = hex.map((value) => value.padStart(2 * fieldBytes, '0')).join('');
  if (digits.length !== 4 * fieldBytes) {
    throw new RangeError('larger than the curve');
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
}

/** Converts WebCrypto's r ‖ s to an ECDSA-Sig-Value in DER, for curves of up to 256 bits. */
export function derEcdsa(raw: Bytes): Bytes {
  const half = raw.length / 2;
  const values = [raw.subarray(0, half), raw.subarray(half)].flatMap((value) => {
    const first = value.findIndex((byte) => byte !== 0);
    const digits = [...value.subarray(first < 0 ? half - 1 : first)];
    // A leading zero keeps the number positive.
    const positive = ((digits[0] ?? 0) & 0x80) === 0 ? digits : [0, ...digits];
    return [TAG.integer, positive.length, ...positive];
  });
  return Uint8Array.from([TAG.sequence, values.length, ...values]);
}
