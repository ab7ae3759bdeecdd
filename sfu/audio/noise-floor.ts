/** Length of an observation window, in milliseconds. Speech pauses within it, noise does not. */
const WINDOW_MS = 1500;
/** Bounds of the noise floor, in dBov. Without the upper one, a loud instrument that never pauses would count as noise. */
const MIN_DBOV = -70;
const MAX_DBOV = -35;

/**
 * The level of a microphone while nobody speaks into it: the minimum of the last one to two windows in which it sent packets. With DTX, the
 * few packets of silence are enough. Pure; times are in milliseconds on one monotonic clock.
 */
export class NoiseFloor {
  #previous = MIN_DBOV;
  #current = 0;
  #windowEndMs = Number.NEGATIVE_INFINITY;

  /** In dBov. */
  get dbov(): number {
    return Math.max(MIN_DBOV, Math.min(MAX_DBOV, this.#previous, this.#current));
  }

  add(dbov: number, nowMs: number): void {
    if (nowMs < this.#windowEndMs) {
      if (dbov < this.#current) {
        this.#current = dbov;
      }
      return;
    }
    // The first window has no predecessor, so until it ends the floor is the lowest level.
    if (this.#windowEndMs !== Number.NEGATIVE_INFINITY) {
      this.#previous = this.#current;
    }
    this.#current = dbov;
    this.#windowEndMs = nowMs + WINDOW_MS;
  }
}
