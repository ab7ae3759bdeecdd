/** Observed time over which the quietest packet counts, in milliseconds: speech pauses within it, noise does not. */
const WINDOW_MS = 1500;
/** The floor's bounds, in dBov. Without the upper one a loud instrument that never pauses would count as noise. */
const LOWEST_DBOV = -70;
const HIGHEST_DBOV = -35;

/**
 * How loud a microphone is when nobody speaks into it: the least level of the last one to two windows in which it sent anything. Under
 * DTX the few packets of a silence are enough. Pure; times are of one monotonic clock, in milliseconds.
 */
export class NoiseFloor {
  #previous = LOWEST_DBOV;
  #current = 0;
  #windowEndMs = Number.NEGATIVE_INFINITY;

  /** In dBov. */
  get dbov(): number {
    return Math.max(LOWEST_DBOV, Math.min(HIGHEST_DBOV, this.#previous, this.#current));
  }

  note(dbov: number, nowMs: number): void {
    if (nowMs < this.#windowEndMs) {
      if (dbov < this.#current) {
        this.#current = dbov;
      }
      return;
    }
    // The first window has none before it: until it ends, everything is compared with silence.
    if (this.#windowEndMs !== Number.NEGATIVE_INFINITY) {
      this.#previous = this.#current;
    }
    this.#current = dbov;
    this.#windowEndMs = nowMs + WINDOW_MS;
  }
}
