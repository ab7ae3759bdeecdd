import { LRUCache } from 'lru-cache';
import type { Holder } from '../budgets/index.ts';

/**
 * The share of this thread's time that requests may take: of one account, of everyone who came by one link, and of strangers from one
 * network. Thousands of ordinary requests per second fit.
 */
const SHARES = { account: 0.15, invitation: 0.3, address: 0.15 } as const;
/** What may be used at once, in seconds of such a share. */
const BURST_SECONDS = 5;
const MAX_REMEMBERED = 20_000;

type Scope = keyof typeof SHARES;

/** Time that someone has used and that is not yet made up for, at some time; both in milliseconds. */
interface Debt {
  ms: number;
  atMs: number;
}

/**
 * Limits how much time of the only thread people's requests take while nobody else is served. The time is known only afterwards, so whoever
 * has used up theirs waits before the next one.
 */
export class Effort {
  readonly #now: () => number;
  readonly #debts = new LRUCache<string, Debt>({ max: MAX_REMEMBERED });

  /** @param now monotonic time in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Whether someone may take more time now.
   *
   * @param factor multiple of the usual share
   */
  allows(holder: Holder, factor = 1): boolean {
    return scopesOf(holder).every(
      ([scope, key]) => this.#debtOf(scope, key) < SHARES[scope] * factor * BURST_SECONDS * 1000,
    );
  }

  /** Does something, and counts its time. */
  measure<T>(holder: Holder, work: () => T): T {
    const before = process.threadCpuUsage();
    try {
      return work();
    } finally {
      const { user, system } = process.threadCpuUsage(before);
      this.spend(holder, (user + system) / 1000);
    }
  }

  /** Counts time that was used, in milliseconds. */
  spend(holder: Holder, milliseconds: number): void {
    const atMs = this.#now();
    for (const [scope, key] of scopesOf(holder)) {
      this.#debts.set(key, { ms: this.#debtOf(scope, key) + milliseconds, atMs });
    }
  }

  #debtOf(scope: Scope, key: string): number {
    const debt = this.#debts.get(key);
    return debt ? Math.max(0, debt.ms - (this.#now() - debt.atMs) * SHARES[scope]) : 0;
  }
}

function scopesOf(holder: Holder): Array<[scope: Scope, key: string]> {
  const scopes: Scope[] = holder.account === undefined ? ['address'] : ['account', 'invitation'];
  return scopes.flatMap((scope) => {
    const name = holder[scope];
    return name === undefined ? [] : [[scope, `${scope} ${name}`] as [Scope, string]];
  });
}
