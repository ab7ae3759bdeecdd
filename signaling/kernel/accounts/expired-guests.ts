import type { Logger } from '../../../base/index.ts';
import type { Hook } from '../hook.ts';
import type { Accounts } from './accounts.ts';

/** How long a guest's account is kept after its certificate has expired, in milliseconds. */
const KEPT_MS = 24 * 3_600_000;
/** How often expired guests are deleted, and how many at once, in milliseconds. */
const SWEEP_MS = 600_000;
const BATCH = 100;

export interface ExpiredGuestsOptions {
  accounts: Pick<Accounts, 'guestsExpiredBefore' | 'deleteGuests'>;
  /** Runs before an account is deleted. May run again after a crash. */
  deleting: Hook<string>;
  log: Logger;
  /** Guests were deleted. */
  onDeleted?(count: number): void;
  /** Default: the system's clock. */
  now?: () => number;
}

/** Deletes guests a day after their certificate has expired, with what they left. */
export class ExpiredGuests {
  readonly #options: ExpiredGuestsOptions;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<number> | undefined;

  constructor(options: ExpiredGuestsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#timer = setInterval(() => void this.sweep(), SWEEP_MS);
    this.#timer.unref();
  }

  /** Deletes them now. Never rejects. Returns how many were deleted. */
  sweep(): Promise<number> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  /** Stops, after what is in progress. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  async #sweep(): Promise<number> {
    const { accounts, deleting, log } = this.#options;
    const beforeMs = this.#now() - KEPT_MS;
    let count = 0;
    try {
      for (;;) {
        const expired = await accounts.guestsExpiredBefore(beforeMs, BATCH);
        for (const accountId of expired) {
          await deleting.run(accountId);
        }
        const deleted = expired.length > 0 ? await accounts.deleteGuests(expired, beforeMs) : [];
        count += deleted.length;
        if (expired.length < BATCH || deleted.length === 0) {
          break;
        }
      }
    } catch (error) {
      log.warn({ err: error }, 'could not delete expired guests; trying again later');
    }
    if (count > 0) {
      this.#options.onDeleted?.(count);
      log.info({ guests: count }, 'deleted guests whose certificate expired more than a day ago');
    }
    return count;
  }
}
