/** A connection with more keep-alives per second is closed. Clients send one about every 30 s. */
const MAX_PINGS_PER_SECOND = 20;

/** Limits the keep-alives of one connection (threat 70). */
export class PingLimit {
  /** Number of keep-alives in the second that began at `since` (`performance.now()`). */
  #since = 0;
  #count = 0;

  /** Returns whether this many more are allowed. */
  take(count: number): boolean {
    const now = performance.now();
    if (now - this.#since >= 1000) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += count;
    return this.#count <= MAX_PINGS_PER_SECOND;
  }
}
