import { createHmac, randomBytes } from 'node:crypto';
import { RecentMap } from '../recent-map.ts';
import type { Clock } from '../transaction/index.ts';
import { sameDigest } from './digest.ts';

/** How far a nonce count may lag behind the highest one, for reordered requests. */
const WINDOW = 64;
/** Maximum number of nonces whose counts are remembered. */
const MAX_REMEMBERED = 50_000;

interface Counts {
  /** Creation time of the nonce, in milliseconds. */
  readonly createdAt: number;
  highest: number;
  /** Bit n: the count `highest − n` was used. */
  used: bigint;
}

/**
 * Nonces that take no memory until they are used: a time and random bits, with an HMAC that also covers the client's address, so that a
 * valid one proves a return path. Each nonce count is accepted once, which makes captured credentials worthless (threat 18).
 */
export class Nonces {
  readonly #secret = randomBytes(32);
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #counts: RecentMap<string, Counts>;
  /** Nonces created up to this time may have been used and forgotten. Unless remembered, they are stale. */
  #forgottenUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, lifeSeconds: number, maxRemembered = MAX_REMEMBERED) {
    this.#clock = clock;
    this.#lifeMs = lifeSeconds * 1000;
    this.#counts = new RecentMap(maxRemembered);
  }

  /** Creates a nonce for requests from this address. */
  create(address: string): string {
    const body = `${Math.floor(this.#clock.now()).toString(36)}.${randomBytes(9).toString('base64url')}`;
    return `${body}.${this.#sign(body, address)}`;
  }

  /** Whether this nonce was created for this address and is still valid. */
  isFresh(nonce: string, address: string): boolean {
    const dot = nonce.lastIndexOf('.');
    const body = nonce.slice(0, Math.max(dot, 0));
    if (!sameDigest(this.#sign(body, address), nonce.slice(dot + 1))) {
      return false;
    }
    const createdAt = createdAtOf(nonce);
    if (this.#clock.now() - createdAt > this.#lifeMs) {
      this.#counts.delete(nonce);
      return false;
    }
    return createdAt > this.#forgottenUntil || this.#counts.get(nonce) !== undefined;
  }

  /** Uses up the count of a fresh nonce; returns false if it was used before. Without a count (no qop), a nonce works once. */
  take(nonce: string, count: number | undefined): boolean {
    const counts = this.#counts.get(nonce);
    if (!counts) {
      const entry = { createdAt: createdAtOf(nonce), highest: count ?? Number.MAX_SAFE_INTEGER, used: 1n };
      const forgotten = this.#counts.put(nonce, entry);
      if (forgotten) {
        this.#forgottenUntil = Math.max(this.#forgottenUntil, forgotten.createdAt);
      }
      return true;
    }
    // A client without counts may be honest, so challenge it with a new nonce rather than refuse it.
    if (count === undefined) {
      return false;
    }
    if (count > counts.highest) {
      const step = count - counts.highest;
      counts.used = step >= WINDOW ? 1n : BigInt.asUintN(WINDOW, (counts.used << BigInt(step)) | 1n);
      counts.highest = count;
      return true;
    }
    const behind = counts.highest - count;
    const bit = 1n << BigInt(Math.min(behind, WINDOW));
    if (behind >= WINDOW || (counts.used & bit) !== 0n) {
      return false;
    }
    counts.used |= bit;
    return true;
  }

  #sign(body: string, address: string): string {
    return createHmac('sha256', this.#secret).update(`${body} ${address}`).digest('base64url').slice(0, 22);
  }
}

function createdAtOf(nonce: string): number {
  return Number.parseInt(nonce, 36);
}
