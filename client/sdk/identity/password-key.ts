import type { Bytes } from '../bytes.ts';

/** OWASP's recommendation for PBKDF2-HMAC-SHA-256. */
export const PASSWORD_ITERATIONS = 600_000;

/** Derives an AES-256-GCM key from a password with PBKDF2-HMAC-SHA-256. */
export async function passwordKey(password: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  // Keyboards differ in how they compose the same characters.
  const secret = new TextEncoder().encode(password.normalize('NFKC'));
  const material = await crypto.subtle.importKey('raw', secret, 'PBKDF2', false, ['deriveKey']);
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', iterations, salt },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
}
