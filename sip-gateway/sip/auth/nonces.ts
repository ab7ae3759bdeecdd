import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../transaction/index.ts';
import { sameDigest } from './digest.ts';

/** How far behind the highest nonce count one may come, for requests that overtook each other. */
const WINDOW = 64;
/** Most nonces whose counts are remembered; beyond it the oldest is forgotten and counts as stale. */
const MAX_REMEMBERED = 50_000;

interface Counts {
  highest: number;
  /** Bit n: the count `highest − n` was used. */
  used: bigint;
}

export type NonceVerdict = 'fresh' | 'stale' | 'forged' | 'replayed';

/**
 * Nonces that need no memory until first used: time and random bits under an HMAC. Each nonce count is taken once, so that
 * captured credentials are worth nothing (threat 18).
 */
export class Nonces {
  readonly #secret = randomBytes(32);
  readonly #clock: Clock;
  readonly #lifeMilliseconds: number;
  readonly #counts = new Map<string, Counts>();

  constructor(clock: Clock, lifeSeconds: number) {
    this.#clock = clock;
    this.#lifeMilliseconds = lifeSeconds * 1000;
  }

  create(): string {
    const body = `${Math.floor(this.#clock.now()).toString(36)}.${randomBytes(9).toString('base64url')}`;
    return `${body}.${this.#sign(body)}`;
  }

  /** Checks a nonce and takes its count. Without a count (no qop) a nonce serves once. */
  take(nonce: string, count: number | undefined): NonceVerdict {
    const dot = nonce.lastIndexOf('.');
    const body = nonce.slice(0, Math.max(dot, 0));
    if (!sameDigest(this.#sign(body), nonce.slice(dot + 1))) return 'forged';
    const age = this.#clock.now() - Number.parseInt(body, 36);
    if (age > this.#lifeMilliseconds) {
      this.#counts.delete(nonce);
      return 'stale';
    }
    const counts = this.#counts.get(nonce);
    if (!counts) {
      this.#remember(nonce, count ?? Number.MAX_SAFE_INTEGER);
      return 'fresh';
    }
    // A client that does not count cannot be told from a replay: it gets a new nonce, not a refusal.
    if (count === undefined) return 'stale';
    if (count > counts.highest) {
      const step = count - counts.highest;
      counts.used = step >= WINDOW ? 1n : BigInt.asUintN(WINDOW, (counts.used << BigInt(step)) | 1n);
      counts.highest = count;
      return 'fresh';
    }
    const behind = counts.highest - count;
    const bit = 1n << BigInt(Math.min(behind, WINDOW));
    if (behind >= WINDOW || (counts.used & bit) !== 0n) return 'replayed';
    counts.used |= bit;
    return 'fresh';
  }

  #remember(nonce: string, count: number): void {
    if (this.#counts.size >= MAX_REMEMBERED) {
      const [oldest] = this.#counts.keys();
      if (oldest !== undefined) this.#counts.delete(oldest);
    }
    this.#counts.set(nonce, { highest: count, used: 1n });
  }

  #sign(body: string): string {
    return createHmac('sha256', this.#secret).update(body).digest('base64url').slice(0, 22);
  }
}
