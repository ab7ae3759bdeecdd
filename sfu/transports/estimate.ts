/** A fall to less than this share of what was acted on calls for new decisions at once … */
const FALL_SHARE = 0.9;
/** … and so does a rise to this, where something was missing. An estimate that grows by itself takes two or three seconds for it. */
const RISE_SHARE = 1.2;
/** One to less than this share of what was, or was needed, means that most of what is sent is lost. */
const COLLAPSE_SHARE = 0.6;
/** An estimate this near to what might be sent when it was made limits nothing. */
const ENOUGH_SHARE = 0.95;

/** What a transport's bandwidth estimation says: by the worker's traces once a second, and at once when it falls or rises much. */
export class Estimate {
  #availableBps: number | null = null;
  #limits = false;
  #allowedBps = 0;
  #neededBps = 0;
  #collapsed = false;
  #actedOnBps = Number.POSITIVE_INFINITY;

  /** What the network can take, in bits a second; null: not known, or no less than what may be sent. */
  get limitBps(): number | null {
    return this.#limits ? this.#availableBps : null;
  }

  /** Takes over what it says, in bits a second; whether that changed so far that decisions must be made anew at once. */
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

  /** Whether what it said last took away most of what was sent. */
  get collapsed(): boolean {
    return this.#collapsed;
  }

  /** From now on so much may be sent, and so much is needed, in bits a second. Where that is more than before, the estimate has yet to follow. */
  allow(allowedBps: number, neededBps: number): void {
    this.#limits &&= (this.#availableBps ?? 0) < allowedBps * ENOUGH_SHARE;
    this.#allowedBps = allowedBps;
    this.#neededBps = neededBps;
  }

  /** What it says now has been decided from. */
  acted(): void {
    this.#actedOnBps = this.limitBps ?? Number.POSITIVE_INFINITY;
  }
}
