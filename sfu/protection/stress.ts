export type StressLevel = 0 | 1 | 2 | 3;

/** Where the levels 1, 2 and 3 begin, as shares of the limit. */
const STEPS = [0.88, 1, 1.08] as const;
/** A level ends below this share of where it begins … */
const RELEASE_SHARE = 0.85;
/** … and not before it has been so for this long, in milliseconds: what it saved would come back at once. */
const RELEASE_MS = 10_000;

/** How much must be saved for want of CPU: up at once, down step by step. */
export class Stress {
  readonly #limitShare: number;
  #level: StressLevel = 0;
  #calmSinceMs: number | null = null;

  /** @param limitShare - The most that a worker may use of a core; 0: it is never stressed. */
  constructor(limitShare: number) {
    this.#limitShare = limitShare;
  }

  get level(): StressLevel {
    return this.#level;
  }

  /** Takes over how much of a core is used. */
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
