import type { TransportTraceEventData } from 'mediasoup/types';

/** A fall to less than this share of what was acted on calls for new decisions at once. */
const FALL_SHARE = 0.9;
/** One to less than this share of what was, or was needed, means that most of what is sent is lost. */
const COLLAPSE_SHARE = 0.6;
/** An estimate this near to what may be sent limits nothing. */
const ENOUGH_SHARE = 0.95;

/** What a transport's bandwidth estimation says, fed from the worker's traces: once a second, and at once when it falls much. */
export class Estimate {
  #availableBps: number | null = null;
  #allowedBps = 0;
  #neededBps = 0;
  #collapsed = false;
  #actedOnBps = Number.POSITIVE_INFINITY;

  /** What the network can take, in bits a second; null: not known, or no less than what may be sent. */
  get limitBps(): number | null {
    if (this.#availableBps === null || this.#availableBps >= this.#allowedBps * ENOUGH_SHARE) return null;
    return this.#availableBps;
  }

  /** Takes a trace over; whether it fell so far that decisions must be made anew at once. */
  update({ type, info }: Pick<TransportTraceEventData, 'type' | 'info'>): boolean {
    if (type !== 'bwe') return false;
    const availableBps = (info as { availableBitrate: number }).availableBitrate;
    const before = Math.min(this.#availableBps ?? 0, this.#neededBps);
    this.#collapsed = availableBps < before * COLLAPSE_SHARE;
    this.#availableBps = availableBps;
    return (this.limitBps ?? Number.POSITIVE_INFINITY) < this.#actedOnBps * FALL_SHARE;
  }

  /** What it said last, in bits a second; null: nothing yet. */
  get availableBps(): number | null {
    return this.#availableBps;
  }

  /** Whether the last trace took away most of what was sent. */
  get collapsed(): boolean {
    return this.#collapsed;
  }

  /** From now on so much may be sent, and so much is needed, in bits a second. */
  allow(allowedBps: number, neededBps: number): void {
    this.#allowedBps = allowedBps;
    this.#neededBps = neededBps;
  }

  /** What it says now has been decided from. */
  acted(): void {
    this.#actedOnBps = this.limitBps ?? Number.POSITIVE_INFINITY;
  }
}
