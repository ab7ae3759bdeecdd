import { CanopyError } from '../../contract/light.ts';
import { type BackoffOptions, backoffMs } from './backoff.ts';

/** What follows a failed pass: a retry after a delay, a wait for the next run(), or a rejection. */
export type AfterFailure = 'retry' | 'wait' | 'fail';

export interface ReconcilerOptions {
  /** Compares the wanted state with the actual one and applies the differences. Passes never overlap. */
  pass(): Promise<void>;
  /**
   * Decides what follows a failed pass. Not called when the wanted state changed during that pass, since another pass follows anyway.
   * Default: afterFailure().
   */
  onFailure?(error: CanopyError): AfterFailure;
  /** Called with final failures after poke(). */
  failed?(error: CanopyError): void;
  /** Delays between retries. Default: 1 s, growing to 8 s. */
  backoff?: BackoffOptions;
  /** run() resolves as soon as a retry is scheduled, instead of waiting for it. Default false. */
  retriesInBackground?: boolean;
}

const BACKOFF = { firstMs: 1000, mostMs: 8000 };

/**
 * `wait` for a lost connection, since its owner calls run() after reconnecting; `retry` for other temporary errors; otherwise `fail`.
 */
export function afterFailure(error: CanopyError): AfterFailure {
  if (error.code === 'CONNECTION_LOST') {
    return 'wait';
  }
  return error.retryable ? 'retry' : 'fail';
}

/**
 * Brings the actual state in line with the wanted one. The owner keeps the wanted state and calls run() after each change. One pass runs at
 * a time. Changes made in the same task, or during a pass, share the next pass.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #running: Promise<void> | undefined;
  /** Another pass is due. */
  #stale = false;
  /** The next pass is due at once, even if the current one fails. */
  #urgent = false;
  #stopped = false;
  /** Retries since the last success. */
  #attempt = 0;
  #endPause: () => void = () => {};

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  /** Whether run() was called after the current pass started, so that its result is out of date. */
  get stale(): boolean {
    return this.#stale;
  }

  /**
   * Resolves when a pass that started after this call has succeeded, when the reconciler waits for the next run(), or when stop() ended the
   * retries. Rejects with the CanopyError of a final failure.
   *
   * @param patient do not cut short the delay before a pending retry. Default false.
   */
  run({ patient = false } = {}): Promise<void> {
    this.#stale = true;
    if (!patient) {
      this.#urgent = true;
      this.#endPause();
    }
    this.#running ??= this.#runAll();
    return this.#running;
  }

  /** Calls run() without waiting for it. Final failures go to the `failed` option. */
  poke(options?: { patient: boolean }): void {
    this.run(options).catch((error: CanopyError) => this.#options.failed?.(error));
  }

  /** Stops retrying. A later run() still makes one pass. */
  stop(): void {
    this.#stopped = true;
    this.#endPause();
  }

  async #runAll(): Promise<void> {
    const { pass, onFailure = afterFailure, backoff = BACKOFF, retriesInBackground } = this.#options;
    try {
      while (this.#stale) {
        // Changes made in the same task share a pass.
        await Promise.resolve();
        this.#stale = false;
        this.#urgent = false;
        try {
          await pass();
          this.#attempt = 0;
        } catch (cause) {
          if (this.#urgent) {
            continue;
          }
          const error = CanopyError.from(cause);
          const next = onFailure(error);
          if (next !== 'retry') {
            this.#attempt = 0;
          }
          if (next === 'wait') {
            return;
          }
          if (next === 'fail' || this.#stopped) {
            throw error;
          }
          const delayMs = backoffMs(this.#attempt, backoff);
          this.#attempt += 1;
          if (retriesInBackground) {
            const timer = setTimeout(() => this.poke(), delayMs);
            this.#endPause = () => clearTimeout(timer);
            return;
          }
          await this.#pause(delayMs);
          this.#stale = !this.#stopped;
        }
      }
    } finally {
      // Synchronously after the loop's last check, so that no run() is lost in between.
      this.#running = undefined;
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
