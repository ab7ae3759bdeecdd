import type { Logger } from '../../base/index.ts';
import type { Store } from '../store/index.ts';

/** Shortest time between two runs, in milliseconds: they rewrite search indexes. */
const PAUSE_MS = 10_000;
/** How often it runs by itself, after single deletions, in milliseconds. */
const RUN_MS = 3_600_000;

/** Removes what deleted rows leave in the files of the database: soon after something was deleted as a whole, and every hour. */
export class Scrubber {
  readonly #store: Pick<Store, 'scrub'>;
  readonly #log: Logger;
  readonly #hourly: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #ranAtMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(store: Pick<Store, 'scrub'>, log: Logger) {
    this.#store = store;
    this.#log = log;
    this.#hourly = setInterval(() => this.soon(), RUN_MS);
    this.#hourly.unref();
  }

  /** Runs at once, or when the pause after the last run is over. */
  soon(): void {
    const waitMs = Math.max(0, this.#ranAtMs + PAUSE_MS - performance.now());
    if (this.#timer || this.#closed) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#running = this.#running.then(() => this.#run());
    }, waitMs);
    this.#timer.unref();
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#hourly);
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    try {
      await this.#store.scrub();
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot remove deleted data from the database’s files; trying again');
    }
    this.#ranAtMs = performance.now();
  }
}
