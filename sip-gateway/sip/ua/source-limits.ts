import { networkOf } from '../../../base/index.ts';
import type { Clock } from '../transaction/index.ts';
import { RateLimiter } from './rate-limiter.ts';

/** What a source that has not logged in may have of the rate of one that has. */
const STRANGER_SHARE = 1 / 5;
/** What all known sources together may have, in rates of one. */
const KNOWN_SOURCES = 4;

/**
 * How many new calls and requests sources may send (threats 22 and 56): each source its own share first, then all of its kind together.
 * Sources are known (a trunk's, or one that logged in lately) or strangers, so that no flood of strangers takes the place of those.
 */
export class SourceLimits {
  readonly #calls: Record<'known' | 'stranger', { each: RateLimiter; all: RateLimiter }>;
  readonly #requests: RateLimiter;

  /** Rates a second, of one known source. */
  constructor(clock: Clock, { calls, requests }: { calls: number; requests: number }) {
    this.#calls = {
      known: { each: new RateLimiter(clock, calls), all: new RateLimiter(clock, calls * KNOWN_SOURCES) },
      stranger: {
        each: new RateLimiter(clock, calls * STRANGER_SHARE),
        all: new RateLimiter(clock, calls),
      },
    };
    this.#requests = new RateLimiter(clock, requests);
  }

  /** Whether a new call from this address may come now. */
  takeCall(address: string, kind: 'known' | 'stranger'): boolean {
    const { each, all } = this.#calls[kind];
    return each.take(networkOf(address)) && all.take('');
  }

  /** Whether another request outside dialogs may. */
  takeRequest(address: string): boolean {
    return this.#requests.take(networkOf(address));
  }
}
