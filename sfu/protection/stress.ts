export type StressLevel = 0 | 1 | 2 | 3;

/** Where levels 1, 2 and 3 begin, as shares of the limit. */
const STEPS = [0.88, 1, 1.08] as const;
/** A level ends when the load has been below this share of its threshold … */
const RELEASE_SHARE = 0.85;
/** … for this long, in milliseconds: the load it saved returns at once. */
const RELEASE_MS = 10_000;

/** How much CPU must be saved: rises at once, falls step by step. */
export class Stress {
  readonly #limitShare: number;
  #level: StressLevel = 0;
  #calmSinceMs: number | null = null;

  /** @param limitShare - maximum share of a core a worker should use; 0: never stressed */
  constructor(limitShare: number) {
    this.#limitShare = limitShare;
  }

  get level(): StressLevel {
    return this.#level;
  }

  /** Updates the level from the share of a core in use. */
  update(usedShare: number, nowMs: number): StressLevel {
    if (this.#limitShare === 0) {
      return 0;
    }
    const reached = STEPS.filter((step) => usedShare >= step * this.#limitShare).length as StressLevel;
    if (reached >= this.#level) {
      this.#level = reached;
      this.#calmSinceMs = null;
      return this.#level;
    }
    const begins = (STEPS[this.#level - 1] ?? 0) * this.#limitShare;
    if (usedShare >= begins * RELEASE_SHARE) {
      this.#calmSinceMs = null;
      return this.#level;
    }
    this.#calmSinceMs ??= nowMs;
    if (nowMs - this.#calmSinceMs >= RELEASE_MS) {
      this.#level = (this.#level - 1) as StressLevel;
      this.#calmSinceMs = nowMs;
    }
    return this.#level;
  }
}
