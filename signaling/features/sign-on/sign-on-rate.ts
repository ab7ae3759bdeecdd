import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../../base/index.ts';
import { TokenBucket } from '../../kernel/index.ts';

/** Requests of a sign-on per second, and at once; one takes three. An office that signs on at nine comes from one address. */
const PER_NETWORK = { perSecond: 1, burst: 120 };
const PER_SERVER = { perSecond: 60, burst: 600 };
const MAX_NETWORKS = 10_000;

/** Limits how often strangers sign on, before anything is computed or the provider is asked. Networks are named by networkOf(). */
export class SignOnRate {
  readonly #networks = new LRUCache<string, TokenBucket>({ max: MAX_NETWORKS });
  readonly #server = new TokenBucket(PER_SERVER.perSecond, PER_SERVER.burst, performance.now());

  /** @throws {CanopyError} RATE_LIMITED; SERVER_BUSY - too many sign-ons from everywhere */
  take(network: string): void {
    const nowMs = performance.now();
    const bucket =
      this.#networks.get(network) ?? new TokenBucket(PER_NETWORK.perSecond, PER_NETWORK.burst, nowMs);
    this.#networks.set(network, bucket);
    if (!bucket.take(nowMs)) {
      throw new CanopyError('RATE_LIMITED');
    }
    if (!this.#server.take(nowMs)) {
      throw new CanopyError('SERVER_BUSY', 'too many people sign on at once');
    }
  }
}
