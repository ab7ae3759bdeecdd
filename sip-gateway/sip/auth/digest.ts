import { createHash, timingSafeEqual } from 'node:crypto';

/** Supported digest algorithms (RFC 7616 §6.1, RFC 8760), strongest first. */
export const DIGEST_ALGORITHMS = ['SHA-256', 'MD5'] as const;
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** The algorithm of a challenge or credentials: MD5 if none is named, undefined if it is not supported. */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  const upper = (name ?? 'MD5').toUpperCase();
  return DIGEST_ALGORITHMS.find((algorithm) => algorithm === upper);
}

function hash(algorithm: DigestAlgorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text, 'utf8')
    .digest('hex');
}

/** H(user:realm:password), which can be stored instead of the password. */
export function digestSecret(
  algorithm: DigestAlgorithm,
  username: string,
  realm: string,
  password: string,
): string {
  return hash(algorithm, `${username}:${realm}:${password}`);
}

export interface DigestInput {
  algorithm: DigestAlgorithm;
  /** From digestSecret(). */
  secret: string;
  method: string;
  uri: string;
  nonce: string;
  /** Undefined in the older form without qop (RFC 2069). */
  qop?: { nc: string; cnonce: string };
}

/** The response value (RFC 7616 §3.4.1), for qop=auth or none. */
export function digestResponse({ algorithm, secret, method, uri, nonce, qop }: DigestInput): string {
  const second = hash(algorithm, `${method}:${uri}`);
  return hash(
    algorithm,
    qop ? `${secret}:${nonce}:${qop.nc}:${qop.cnonce}:auth:${second}` : `${secret}:${nonce}:${second}`,
  );
}

/** Compares two values in constant time. */
export function sameDigest(a: string, b: string): boolean {
  const one = Buffer.from(a);
  const other = Buffer.from(b);
  return one.length === other.length && timingSafeEqual(one, other);
}
