import { CanopyError } from '../../../contract/light.ts';

/** How long to wait after a failure that may pass, in milliseconds. */
const RETRY_MS = 1000;

/**
 * Brings the server to what is wanted, one pass at a time; asked again during a pass, it makes another. What fails for a while is tried
 * again; what fails for good rejects.
 */
export class SyncLoop {
  readonly #pass: () => Promise<void>;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #wake: () => void = () => {};

  /** @param pass rejects with CONNECTION_LOST when run() will be called on return */
  constructor(pass: () => Promise<void>) {
    this.#pass = pass;
  }

  /** Resolves when a pass that began after this call is through, or when it waits for the connection's return. */
  run(): Promise<void> {
    this.#again = true;
    this.#wake();
    this.#running ??= this.#all().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** run() for those who do not wait for it; `failed` hears what failed for good. */
  runSoon(failed: (error: CanopyError) => void): void {
    this.run().catch((error: unknown) => failed(CanopyError.from(error)));
  }

  /** Ends retries. A later run() still makes one pass. */
  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  async #all(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#pass();
      } catch (cause) {
        if (this.#again) continue;
        const error = CanopyError.from(cause);
        if (error.code === 'CONNECTION_LOST') return;
        if (!error.retryable || this.#stopped) throw error;
        await this.#pause();
        this.#again = !this.#stopped;
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
