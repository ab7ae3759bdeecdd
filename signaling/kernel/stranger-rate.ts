import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../base/index.ts';
import { bucketOf, NetworkRate } from './network-rate.ts';
import type { TokenBucket } from './sockets/index.ts';

/** Attempts per second, and at once: an office that opens a meeting at the full hour comes from one address. */
const PER_NETWORK = { perSecond: 1, burst: 120 };
const PER_SERVER = { perSecond: 100, burst: 500 };
/** Secrets that do not exist, per second and at once. */
const UNKNOWN_PER_NETWORK = { perSecond: 0.1, burst: 20 };
const MAX_NETWORKS = 10_000;

/**
 * Limits how often strangers try something, e.g. knock or use a link, before anything is looked up. Networks are named by networkOf().
 */
export class StrangerRate {
  readonly #now: () => number;
  readonly #attempts: NetworkRate;
  readonly #unknown = new LRUCache<string, { bucket: TokenBucket; isEmpty: boolean }>({ max: MAX_NETWORKS });

  /** @param now monotonic time in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    const busy = 'too many people are trying at once';
    this.#attempts = new NetworkRate({ perNetwork: PER_NETWORK, perServer: PER_SERVER, busy, now });
  }

  /** @throws {CanopyError} RATE_LIMITED; SERVER_BUSY - too many attempts from everywhere */
  take(network: string): void {
    const unknown = this.#unknown.get(network);
    if (unknown?.isEmpty && unknown.bucket.take(this.#now())) {
      unknown.isEmpty = false;
    }
    if (unknown?.isEmpty) {
      throw new CanopyError('RATE_LIMITED');
    }
    this.#attempts.take(network);
  }

  /** Counts a secret that does not exist. Whoever guesses is soon refused for a while. */
  guessed(network: string): void {
    const nowMs = this.#now();
    const unknown = this.#unknown.get(network) ?? {
      bucket: bucketOf(UNKNOWN_PER_NETWORK, nowMs),
      isEmpty: false,
    };
    unknown.isEmpty = !unknown.bucket.take(nowMs);
    this.#unknown.set(network, unknown);
  }
}
