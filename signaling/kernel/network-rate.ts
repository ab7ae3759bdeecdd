import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../base/index.ts';
import { TokenBucket } from './sockets/index.ts';

/** Per second, and at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface NetworkRateOptions {
  perNetwork: Rate;
  /** For everybody together. */
  perServer: Rate;
  /** What a person reads when that is used up. */
  busy: string;
  /** Monotonic time in milliseconds. */
  now?: (() => number) | undefined;
}

const MAX_NETWORKS = 10_000;

/** Limits how often strangers do something, per network (see networkOf()) and altogether. */
export class NetworkRate {
  readonly #options: NetworkRateOptions;
  readonly #now: () => number;
  readonly #networks = new LRUCache<string, TokenBucket>({ max: MAX_NETWORKS });
  readonly #server: TokenBucket;

  constructor(options: NetworkRateOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#server = bucketOf(options.perServer, this.#now());
  }

  /** @throws {CanopyError} RATE_LIMITED; SERVER_BUSY - too many from everywhere */
  take(network: string): void {
    const nowMs = this.#now();
    const bucket = this.#networks.get(network) ?? bucketOf(this.#options.perNetwork, nowMs);
    this.#networks.set(network, bucket);
    if (!bucket.take(nowMs)) {
      throw new CanopyError('RATE_LIMITED');
    }
    if (!this.#server.take(nowMs)) {
      throw new CanopyError('SERVER_BUSY', this.#options.busy);
    }
  }
}

export function bucketOf({ perSecond, burst }: Rate, nowMs: number): TokenBucket {
  return new TokenBucket(perSecond, burst, nowMs);
}
