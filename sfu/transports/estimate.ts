/** A drop below this share of the estimate last used triggers a new decision … */
const FALL_SHARE = 0.9;
/** … and so does a rise above this, if the estimate was a limit. Without probes, a rise of this size takes two or three seconds. */
const RISE_SHARE = 1.2;
/** A drop below this share of what was estimated, or needed, means that most packets are being lost. */
const COLLAPSE_SHARE = 0.6;
/** An estimate above this share of the permitted maximum is not a limit. */
const ENOUGH_SHARE = 0.95;

/** The bandwidth estimate of a transport, as traced by the worker: once per second, and at once on large changes. */
export class Estimate {
  #availableBps: number | null = null;
  #limits = false;
  #allowedBps = 0;
  #neededBps = 0;
  #collapsed = false;
  #actedOnBps = Number.POSITIVE_INFINITY;

  /** What the network can carry, in bits per second; null: unknown, or not a limit. */
  get limitBps(): number | null {
    return this.#limits ? this.#availableBps : null;
  }

  /** Updates the estimate, in bits per second. Returns whether it changed so much that a new decision is needed at once. */
  update(availableBps: number): boolean {
    const before = Math.min(this.#availableBps ?? 0, this.#neededBps);
    this.#collapsed = availableBps < before * COLLAPSE_SHARE;
    this.#availableBps = availableBps;
    this.#limits = availableBps < this.#allowedBps * ENOUGH_SHARE;
    const limitBps = this.limitBps ?? Number.POSITIVE_INFINITY;
    const wasMissing = this.#actedOnBps < this.#neededBps;
    return (
      limitBps < this.#actedOnBps * FALL_SHARE || (wasMissing && limitBps >= this.#actedOnBps * RISE_SHARE)
    );
  }

  /** Whether the last update means that most of what was being sent is lost. */
  get collapsed(): boolean {
    return this.#collapsed;
  }

  /** Sets what may be sent and what is needed, in bits per second. If that is more than before, the estimate has yet to follow. */
  allow(allowedBps: number, neededBps: number): void {
    this.#limits &&= (this.#availableBps ?? 0) < allowedBps * ENOUGH_SHARE;
    this.#allowedBps = allowedBps;
    this.#neededBps = neededBps;
  }

  /** Records that the current estimate was used in a decision. */
  acted(): void {
    this.#actedOnBps = this.limitBps ?? Number.POSITIVE_INFINITY;
  }
}
