import { RecentMap } from '../recent-map.ts';
import type { Clock } from '../transaction/index.ts';

/** Maximum number of remembered keys. */
const MAX_KEYS = 20_000;

/** Token buckets by key: `perSecond` on average, up to `burst` at once. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new RecentMap<string, { tokens: number; at: number }>(MAX_KEYS);

  constructor(clock: Clock, perSecond: number, burst = perSecond * 2) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Takes one token; false if there is none. */
  take(key: string): boolean {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond);
    bucket.at = now;
    this.#buckets.put(key, bucket);
    if (bucket.tokens < 1) {
      return false;
    }
    bucket.tokens--;
    return true;
  }
}
