import { CanopyError, type Logger } from '../../base/index.ts';
import type { Store } from '../store/index.ts';

/** How long the result of a write test is cached, in milliseconds, since anyone may request it. */
const FRESH_MS = 5000;

/** Whether the store is writable, tested at most every 5 s. */
export class Readiness {
  readonly #store: Pick<Store, 'tryWrite'>;
  readonly #log: Logger;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #problem: CanopyError | undefined;
  #trying: Promise<void> | undefined;

  constructor(store: Pick<Store, 'tryWrite'>, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Tests the store unless the last result is fresh. @throws {CanopyError} STORE_UNWRITABLE, STORE_BUSY, STORE_UNAVAILABLE; DATA_IN_USE - another server took the database */
  async check(): Promise<void> {
    if (performance.now() - this.#triedAtMs > FRESH_MS) {
      this.#trying ??= this.#try().finally(() => {
        this.#trying = undefined;
      });
      await this.#trying;
    }
    if (this.#problem) {
      throw this.#problem;
    }
  }

  async #try(): Promise<void> {
    const before = this.#problem;
    try {
      await this.#store.tryWrite();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = CanopyError.from(error);
    }
    this.#triedAtMs = performance.now();
    if (this.#problem && !before) {
      this.#log.error({ err: this.#problem }, 'database is not writable');
    }
    if (before && !this.#problem) {
      this.#log.info('database is writable again');
    }
  }
}
