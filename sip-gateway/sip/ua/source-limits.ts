import { networkOf } from '../../../base/index.ts';
import type { Clock } from '../transaction/index.ts';
import { RateLimiter } from './rate-limiter.ts';

/** The rate of a stranger, as a share of a known source's rate. */
const STRANGER_SHARE = 1 / 5;
/** The rate of all known sources together, as a multiple of one source's rate. */
const KNOWN_SOURCES = 4;

/**
 * Limits new calls and requests (threats 22 and 56), first per source, then for all sources of a kind. A source is either known (a trunk,
 * or recently logged in) or a stranger, so that a flood of strangers does not displace known sources.
 */
export class SourceLimits {
  readonly #calls: Record<'known' | 'stranger', { each: RateLimiter; all: RateLimiter }>;
  readonly #requests: RateLimiter;

  /** Rates per second for one known source. */
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

  /** Counts a new call from this address; returns whether it is allowed. */
  takeCall(address: string, kind: 'known' | 'stranger'): boolean {
    const { each, all } = this.#calls[kind];
    return each.take(networkOf(address)) && all.take('');
  }

  /** Counts another request outside dialogs; returns whether it is allowed. */
  takeRequest(address: string): boolean {
    return this.#requests.take(networkOf(address));
  }
}
