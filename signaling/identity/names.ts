import { createHash } from 'node:crypto';

/** Ids of an account, derived from the bytes that identify it. */
export interface AccountIds {
  /** SHA-256, 64 hex digits. */
  accountId: string;
  /** SHA-1, 40 hex digits, as Jami shows accounts. */
  accountAlias: string;
}

export function accountIds(...identifying: Uint8Array[]): AccountIds {
  const bytes = Buffer.concat(identifying);
  return { accountId: sha256Hex(bytes), accountAlias: createHash('sha1').update(bytes).digest('hex') };
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
