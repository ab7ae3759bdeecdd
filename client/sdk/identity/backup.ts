import { CanopyError } from '../../../contract/light.ts';
import { type Bytes, fromBase64, randomBytes, toBase64 } from '../bytes.ts';
import { PASSWORD_ITERATIONS, passwordKey } from './password-key.ts';

/** The contents of a backup. */
export interface AccountBackup {
  origin: string;
  displayName: string;
  /** The account's certificate and its issuers, base64 DER, without the root. */
  accountChain: string[];
  /** Base64 DER. */
  deploymentCa: string;
  /** PKCS#8, base64. */
  accountKey: string;
}

/** Version 1 of the file: PBKDF2-HMAC-SHA-256 and AES-256-GCM, with the header as additional authenticated data. */
interface BackupFile {
  canopyBackup: 1;
  kdf: { name: 'PBKDF2'; hash: 'SHA-256'; iterations: number; salt: string };
  cipher: { name: 'AES-GCM'; iv: string };
  content: string;
}

/** A file may specify more than PASSWORD_ITERATIONS, up to this, but not less. */
const MAX_ITERATIONS = 10_000_000;

function header({ canopyBackup, kdf, cipher }: Omit<BackupFile, 'content'>): Bytes {
  const { name, hash, iterations, salt } = kdf;
  return new TextEncoder().encode(
    JSON.stringify([canopyBackup, name, hash, iterations, salt, cipher.name, cipher.iv]),
  );
}

/** Encrypts an account with a password. Returns JSON text. */
export async function createBackup(account: AccountBackup, password: string): Promise<string> {
  const salt = randomBytes(16);
  const iv = randomBytes(12);
  const head = {
    canopyBackup: 1,
    kdf: { name: 'PBKDF2', hash: 'SHA-256', iterations: PASSWORD_ITERATIONS, salt: toBase64(salt) },
    cipher: { name: 'AES-GCM', iv: toBase64(iv) },
  } as const;
  const key = await passwordKey(password, salt, PASSWORD_ITERATIONS);
  const content = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: header(head) },
    key,
    new TextEncoder().encode(JSON.stringify(account)),
  );
  const file: BackupFile = { ...head, content: toBase64(new Uint8Array(content)) };
  return JSON.stringify(file, null, 2);
}

/** Decrypts a backup. @throws {CanopyError} BACKUP_INVALID - wrong password or damaged file */
export async function openBackup(text: string, password: string): Promise<AccountBackup> {
  try {
    const file = JSON.parse(text) as BackupFile;
    const { iterations } = file.kdf;
    if (file.canopyBackup !== 1) {
      throw new RangeError('another version');
    }
    if (!(iterations >= PASSWORD_ITERATIONS && iterations <= MAX_ITERATIONS)) {
      throw new RangeError('iterations');
    }
    const key = await passwordKey(password, fromBase64(file.kdf.salt), iterations);
    const content = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: fromBase64(file.cipher.iv), additionalData: header(file) },
      key,
      fromBase64(file.content),
    );
    return JSON.parse(new TextDecoder().decode(content)) as AccountBackup;
  } catch (cause) {
    throw new CanopyError('BACKUP_INVALID', undefined, { cause });
  }
}
