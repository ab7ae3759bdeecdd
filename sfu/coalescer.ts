export interface CoalescerOptions {
  /** The work. May throw; must not wait. */
  run(): void;
  /** How long to wait for related requests, in milliseconds. */
  gatherMs: number;
  /** Minimum time from the end of one run to the next, in milliseconds. */
  gapMs(): number;
  /** A monotonic clock, in milliseconds. */
  now(): number;
}

/** Runs something shortly after it was requested: once for many requests, with a minimum interval between runs. */
export class Coalescer {
  readonly #options: CoalescerOptions;
  #lastRunAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: CoalescerOptions) {
    this.#options = options;
  }

  request(): void {
    if (this.#timer || this.#closed) {
      return;
    }
    const { gatherMs, gapMs, now } = this.#options;
    const delayMs = Math.max(gatherMs, this.#lastRunAtMs + gapMs() - now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      try {
        this.#options.run();
      } finally {
        this.#lastRunAtMs = now();
      }
    }, delayMs);
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
