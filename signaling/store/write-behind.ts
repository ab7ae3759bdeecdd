import type { Logger } from '../../base/index.ts';

/** How long values are collected before they are written, and the delay after a failure, in milliseconds. */
const SAVE_MS = 1000;
const RETRY_MS = 10_000;
/** Maximum number of values per write; a transaction blocks all others. */
const BATCH = 100;
/** Maximum number of unsaved values; beyond it, the oldest are dropped. */
const MAX_UNSAVED = 10_000;

export interface WriteBehindOptions<K, V> {
  /** Writes a batch, oldest first. */
  write(batch: Array<[key: K, value: V]>): Promise<void>;
  log?: Logger | undefined;
  /** The log message when writing starts to fail. */
  warning: string;
}

/**
 * Writes the latest value of each key later, in batches: for bookkeeping that nobody waits for. A failed write, e.g. on a full disk, is
 * retried.
 */
export class WriteBehind<K, V> {
  readonly #options: WriteBehindOptions<K, V>;
  readonly #unsaved = new Map<K, V>();
  #saving: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failing = false;

  constructor(options: WriteBehindOptions<K, V>) {
    this.#options = options;
  }

  /** Unsaved values, oldest first. */
  get unsaved(): ReadonlyMap<K, V> {
    return this.#unsaved;
  }

  /** Saves the value soon, replacing an unsaved one of the key. */
  put(key: K, value: V): void {
    // Re-insert it at the end of the map.
    this.#unsaved.delete(key);
    this.#unsaved.set(key, value);
    if (this.#unsaved.size > MAX_UNSAVED) {
      const [oldest] = this.#unsaved.keys();
      this.#unsaved.delete(oldest as K);
    }
    this.#saveSoon(SAVE_MS);
  }

  /** Tries to write all unsaved values. Never rejects. */
  save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  /** Tries to write what is unsaved, and stops retrying. */
  async close(): Promise<void> {
    await this.save();
    clearTimeout(this.#timer);
  }

  #saveSoon(delayMs: number): void {
    if (this.#timer) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.save();
    }, delayMs);
    this.#timer.unref();
  }

  async #save(): Promise<void> {
    while (this.#unsaved.size > 0) {
      const batch = [...this.#unsaved].slice(0, BATCH);
      try {
        await this.#options.write(batch);
        this.#failing = false;
      } catch (error) {
        // Log only the first of consecutive failures.
        if (!this.#failing) {
          this.#options.log?.warn({ err: error }, this.#options.warning);
        }
        this.#failing = true;
        this.#saveSoon(RETRY_MS);
        return;
      }
      for (const [key, value] of batch) {
        if (this.#unsaved.get(key) === value) {
          this.#unsaved.delete(key);
        }
      }
      // Let other work run in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
