import { CanopyError, type Logger } from '../../base/index.ts';
import type { Store } from '../store/index.ts';

/** How long the result of a write test is cached, in milliseconds: anybody may ask. */
const FRESH_MILLISECONDS = 5000;

/** Whether the store is writable, tested at most every 5 s. */
export class Readiness {
  readonly #store: Pick<Store, 'tryWrite'>;
  readonly #log: Logger;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #problem: CanopyError | undefined;

  constructor(store: Pick<Store, 'tryWrite'>, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** @throws {CanopyError} STORE_UNWRITABLE, STORE_BUSY */
  check(): void {
    if (performance.now() - this.#triedAtMs > FRESH_MILLISECONDS) {
      const before = this.#problem;
      this.#problem = this.#try();
      this.#triedAtMs = performance.now();
      if (this.#problem && !before) this.#log.error({ err: this.#problem }, 'database is not writable');
      if (before && !this.#problem) this.#log.info('database is writable again');
    }
    if (this.#problem) throw this.#problem;
  }

  #try(): CanopyError | undefined {
    try {
      this.#store.tryWrite();
      return undefined;
    } catch (error) {
      return CanopyError.from(error);
    }
  }
}
