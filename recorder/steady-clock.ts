/** Unix time that never jumps: that of its creation, and what has passed since. */
export class SteadyClock {
  readonly #originMs = Date.now() - performance.now();

  /** In milliseconds. */
  now(): number {
    return this.at(performance.now());
  }

  /** A moment by performance.now(). In milliseconds. */
  at(performanceMs: number): number {
    return this.#originMs + performanceMs;
  }
}
