import { createHmac, randomBytes } from 'node:crypto';
import { RecentMap } from '../recent-map.ts';
import type { Clock } from '../transaction/index.ts';
import { sameDigest } from './digest.ts';

/** How far behind the highest nonce count one may come, for requests that overtook each other. */
const WINDOW = 64;
/** Most nonces whose counts are remembered. */
const MAX_REMEMBERED = 50_000;

interface Counts {
  /** When the nonce was made, by the clock, in milliseconds. */
  readonly madeAt: number;
  highest: number;
  /** Bit n: the count `highest − n` was used. */
  used: bigint;
}

/**
 * Nonces that need no memory until they are first used: time and random bits under an HMAC that covers the address they are given to,
 * so that a good one proves a return path. Each nonce count is taken once: captured credentials are worth nothing (threat 18).
 */
export class Nonces {
  readonly #secret = randomBytes(32);
  readonly #clock: Clock;
  readonly #lifeMilliseconds: number;
  readonly #counts: RecentMap<string, Counts>;
  /** Nonces made until then may have been used and forgotten, so those that are not remembered count as stale. */
  #forgottenUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, lifeSeconds: number, maxRemembered = MAX_REMEMBERED) {
    this.#clock = clock;
    this.#lifeMilliseconds = lifeSeconds * 1000;
    this.#counts = new RecentMap(maxRemembered);
  }

  /** A nonce for requests from this address. */
  create(address: string): string {
    const body = `${Math.floor(this.#clock.now()).toString(36)}.${randomBytes(9).toString('base64url')}`;
    return `${body}.${this.#sign(body, address)}`;
  }

  /** Whether we gave this nonce to this address and it still serves. */
  isFresh(nonce: string, address: string): boolean {
    const dot = nonce.lastIndexOf('.');
    const body = nonce.slice(0, Math.max(dot, 0));
    if (!sameDigest(this.#sign(body, address), nonce.slice(dot + 1))) return false;
    const madeAt = madeAtOf(nonce);
    if (this.#clock.now() - madeAt > this.#lifeMilliseconds) {
      this.#counts.delete(nonce);
      return false;
    }
    return madeAt > this.#forgottenUntil || this.#counts.get(nonce) !== undefined;
  }

  /** Takes the count of a fresh nonce; false where it was used before. Without a count (no qop) a nonce serves once. */
  take(nonce: string, count: number | undefined): boolean {
    const counts = this.#counts.get(nonce);
    if (!counts) {
      const entry = { madeAt: madeAtOf(nonce), highest: count ?? Number.MAX_SAFE_INTEGER, used: 1n };
      const forgotten = this.#counts.put(nonce, entry);
      if (forgotten) this.#forgottenUntil = Math.max(this.#forgottenUntil, forgotten.madeAt);
      return true;
    }
    // A client that does not count cannot be told from a replay: it gets a new nonce, not a refusal.
    if (count === undefined) return false;
    if (count > counts.highest) {
      const step = count - counts.highest;
      counts.used = step >= WINDOW ? 1n : BigInt.asUintN(WINDOW, (counts.used << BigInt(step)) | 1n);
      counts.highest = count;
      return true;
    }
    const behind = counts.highest - count;
    const bit = 1n << BigInt(Math.min(behind, WINDOW));
    if (behind >= WINDOW || (counts.used & bit) !== 0n) return false;
    counts.used |= bit;
    return true;
  }

  #sign(body: string, address: string): string {
    return createHmac('sha256', this.#secret).update(`${body} ${address}`).digest('base64url').slice(0, 22);
  }
}

function madeAtOf(nonce: string): number {
  return Number.parseInt(nonce, 36);
}
