import { randomBytes } from 'node:crypto';
import { MAGIC_COOKIE } from './message/index.ts';

/** A tag: 64 random bits, more than the 32 that RFC 3261 §19.3 asks for. */
export function newTag(): string {
  return randomBytes(8).toString('hex');
}

/** A branch: unguessable, so that nobody off the path can answer our requests. */
export function newBranch(): string {
  return MAGIC_COOKIE + randomBytes(12).toString('hex');
}

export function newCallId(): string {
  return randomBytes(16).toString('hex');
}
