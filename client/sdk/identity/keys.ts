import { CanopyError } from '../../../contract/light.ts';
import { type KeyType, STATEMENT_SIGNING } from '../../../contract/x509/index.ts';
import type { Bytes } from '../bytes.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

export function generateSigningKey(extractable: boolean): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(P256, extractable, ['sign', 'verify']);
}

/**
 * Imports a PKCS#8 signing key for a certificate whose key is of this type.
 *
 * @throws {CanopyError} CERT_UNSUPPORTED - the type; CERT_MALFORMED - not a key of this type
 */
export async function importPrivateKey(
  pkcs8: Bytes,
  type: KeyType | undefined,
  extractable = false,
): Promise<CryptoKey> {
  const algorithm = { ...signingOf(type), ...(type !== 'RSA' && { namedCurve: type }) };
  try {
    return await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, extractable, ['sign']);
  } catch (cause) {
    throw new CanopyError('CERT_MALFORMED', `the private key is not an unencrypted PKCS#8 ${type} key`, {
      cause,
    });
  }
}

/** Signs a statement in the way the server verifies it. @throws {CanopyError} CERT_UNSUPPORTED - the key's type */
export async function sign(key: CryptoKey, type: KeyType | undefined, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign(signingOf(type), key, data));
}

function signingOf(type: KeyType | undefined) {
  if (type === undefined || type === 'P-521') {
    throw new CanopyError('CERT_UNSUPPORTED', 'type of the key');
  }
  return STATEMENT_SIGNING[type];
}
