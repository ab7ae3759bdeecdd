import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';

/** scrypt's cost: 16 MiB and tens of milliseconds per try. */
const COST: ScryptOptions = { N: 16_384, r: 8, p: 1 };
const KEY_BYTES = 32;
/** How many PINs may wait to be hashed: a few seconds. */
const MAX_WAITING = 64;

/** PINs are hashed one at a time, since the same few threads check the signatures with which everyone signs in. */
let latest: Promise<unknown> = Promise.resolve();
let waiting = 0;

/** Hashes a room's PIN for storage: `scrypt$SALT$KEY`, base64url. A short PIN can still be guessed by whoever has the database. @throws {CanopyError} SERVER_BUSY */
export async function hashPin(pin: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(pin, salt);
  return `scrypt$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

/** @throws {CanopyError} SERVER_BUSY */
export async function isPin(pin: string, hash: string): Promise<boolean> {
  const [, salt = '', key = ''] = hash.split('$');
  const derived = await derive(pin, Buffer.from(salt, 'base64url'));
  const expected = Buffer.from(key, 'base64url');
  return expected.length === derived.length && timingSafeEqual(derived, expected);
}

async function derive(pin: string, salt: Buffer): Promise<Buffer> {
  if (waiting >= MAX_WAITING) {
    throw new CanopyError('SERVER_BUSY', 'too many PINs at once');
  }
  waiting += 1;
  const key = latest.then(() => scryptKey(pin, salt));
  latest = key.catch(() => undefined);
  try {
    return await key;
  } finally {
    waiting -= 1;
  }
}

function scryptKey(pin: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(pin, salt, KEY_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
