import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../../base/index.ts';
import { TokenBucket } from '../../kernel/index.ts';

/** Calls that one account may place, whoever is called. */
const PER_CALLER = { perSecond: 1 / 30, burst: 12 };
/** How often one account's devices ring, whoever calls. */
const PER_CALLEE = { perSecond: 1 / 60, burst: 20 };
/** How often one account rings another that does not answer: a few tries, then four times per hour. */
const PER_PAIR = { perSecond: 1 / 900, burst: 5 };
const MAX_REMEMBERED = 50_000;

type Rate = typeof PER_CALLER;

/** Limits how often people are called, so that nobody makes somebody's devices ring all night. */
export class RingLimits {
  readonly #now: () => number;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_REMEMBERED });

  /** @param now monotonic time in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts an attempt, before anything is looked up. @throws {CanopyError} RATE_LIMITED */
  attempt(callerId: string): void {
    this.#take(`caller ${callerId}`, PER_CALLER);
  }

  /** Counts a call between the two. @throws {CanopyError} RATE_LIMITED */
  ring(callerId: string, calleeId: string): void {
    this.#take(pair(callerId, calleeId), PER_PAIR);
    this.#take(`callee ${calleeId}`, PER_CALLEE);
  }

  /** The two talked: they may call one another as often as before. */
  answered(one: string, other: string): void {
    this.#buckets.delete(pair(one, other));
    this.#buckets.delete(pair(other, one));
  }

  #take(key: string, { perSecond, burst }: Rate): void {
    const nowMs = this.#now();
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = new TokenBucket(perSecond, burst, nowMs);
      this.#buckets.set(key, bucket);
    }
    if (!bucket.take(nowMs)) {
      throw new CanopyError('RATE_LIMITED', 'too many calls; try again later');
    }
  }
}

function pair(callerId: string, calleeId: string): string {
  return `pair ${callerId} ${calleeId}`;
}
