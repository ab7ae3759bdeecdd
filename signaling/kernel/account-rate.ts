import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../base/index.ts';
import type { Principal } from './principals/index.ts';
import { TokenBucket } from './sockets/index.ts';

/** How many accounts are remembered. */
const MAX_ACCOUNTS = 10_000;

/** Limits how often each account does something. The operator is not limited. */
export class AccountRate {
  readonly #what: string;
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_ACCOUNTS });

  /** @param what is too many, for the error's detail */
  constructor(what: string, { perSecond, burst }: { perSecond: number; burst: number }) {
    this.#what = what;
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** @throws {CanopyError} RATE_LIMITED */
  take(principal: Principal | { accountId: string }): void {
    if (!('accountId' in principal)) {
      return;
    }
    const nowMs = performance.now();
    let bucket = this.#buckets.get(principal.accountId);
    if (!bucket) {
      bucket = new TokenBucket(this.#perSecond, this.#burst, nowMs);
      this.#buckets.set(principal.accountId, bucket);
    }
    if (!bucket.take(nowMs)) {
      throw new CanopyError('RATE_LIMITED', `too many ${this.#what}`);
    }
  }
}
