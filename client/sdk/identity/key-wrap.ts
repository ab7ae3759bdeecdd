import { CanopyError } from '../../../contract/light.ts';
import { type Bytes, fromBase64, randomBytes, toBase64 } from '../bytes.ts';
import { PASSWORD_ITERATIONS, passwordKey } from './password-key.ts';

/** How a wrapped key is unlocked. */
type Lock =
  | { by: 'password'; iterations: number; salt: string }
  /** A passkey whose PRF extension yields a secret for this salt. `credentialId`: base64. */
  | { by: 'passkey'; credentialId: string; salt: string };

/** An account's key as it is stored: encrypted with AES-256-GCM, with the rest as additional authenticated data. */
export interface WrappedKey {
  version: 1;
  lock: Lock;
  iv: string;
  /** PKCS#8, encrypted, base64. */
  content: string;
}

/** What unlocks a key: the password, or the secret that the passkey yields for the lock's salt. */
export type Unlocking = { password: string } | { passkeySecret: Bytes };

/** What a key is to be locked with. */
export type Locking =
  | { password: string }
  | { passkey: { credentialId: string; salt: string; secret: Bytes } };

/** Encrypts a private key (PKCS#8). `purpose` names whose it is: an encrypted key cannot be passed off as another one. */
export async function wrapKey(pkcs8: Bytes, locking: Locking, purpose: string): Promise<WrappedKey> {
  const iv = randomBytes(12);
  const lock: Lock =
    'password' in locking
      ? { by: 'password', iterations: PASSWORD_ITERATIONS, salt: toBase64(randomBytes(16)) }
      : { by: 'passkey', credentialId: locking.passkey.credentialId, salt: locking.passkey.salt };
  const head = { version: 1, lock, iv: toBase64(iv) } as const;
  const secret = 'password' in locking ? locking : { passkeySecret: locking.passkey.secret };
  const content = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: headBytes(head, purpose) },
    await keyOf(lock, secret),
    pkcs8,
  );
  return { ...head, content: toBase64(new Uint8Array(content)) };
}

/** Decrypts a private key. @throws {CanopyError} ACCOUNT_KEY_LOCKED */
export async function unwrapKey(wrapped: WrappedKey, unlocking: Unlocking, purpose: string): Promise<Bytes> {
  const { lock, iv, content } = wrapped;
  try {
    const pkcs8 = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: fromBase64(iv), additionalData: headBytes(wrapped, purpose) },
      await keyOf(lock, unlocking),
      fromBase64(content),
    );
    return new Uint8Array(pkcs8);
  } catch (cause) {
    throw new CanopyError('ACCOUNT_KEY_LOCKED', undefined, { cause });
  }
}

function headBytes({ version, lock, iv }: Omit<WrappedKey, 'content'>, purpose: string): Bytes {
  const how =
    lock.by === 'password' ? [lock.by, lock.iterations, lock.salt] : [lock.by, lock.credentialId, lock.salt];
  return new TextEncoder().encode(JSON.stringify([version, ...how, iv, purpose]));
}

async function keyOf(lock: Lock, secret: Unlocking): Promise<CryptoKey> {
  if (lock.by === 'password' && 'password' in secret) {
    return passwordKey(secret.password, fromBase64(lock.salt), lock.iterations);
  }
  if (lock.by === 'passkey' && 'passkeySecret' in secret) {
    const material = await crypto.subtle.importKey('raw', secret.passkeySecret, 'HKDF', false, ['deriveKey']);
    const info = new TextEncoder().encode('canopy/account-key/1');
    return crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
      material,
      { name: 'AES-GCM', length: 256 },
      false,
      ['encrypt', 'decrypt'],
    );
  }
  throw new Error(`it is locked with a ${lock.by}`);
}
