import type { TransportTraceEventData } from 'mediasoup/types';

/** A fall to less than this share of what was acted on calls for new decisions at once. */
const FALL_SHARE = 0.9;
/** An estimate this near to what may be sent limits nothing. */
const ENOUGH_SHARE = 0.95;

/** What a transport's bandwidth estimation says, fed from the worker's traces: once a second, and at once when it falls much. */
export class Estimate {
  #availableBps: number | null = null;
  #allowedBps = 0;
  #actedOnBps = Number.POSITIVE_INFINITY;

  /** What the network can take, in bits a second; null: not known, or no less than what may be sent. */
  get limitBps(): number | null {
    if (this.#availableBps === null || this.#availableBps >= this.#allowedBps * ENOUGH_SHARE) return null;
    return this.#availableBps;
  }

  /** Takes a trace over; whether it fell so far that decisions must be made anew at once. */
  update({ type, info }: Pick<TransportTraceEventData, 'type' | 'info'>): boolean {
    if (type !== 'bwe') return false;
    this.#availableBps = (info as { availableBitrate: number }).availableBitrate;
    return (this.limitBps ?? Number.POSITIVE_INFINITY) < this.#actedOnBps * FALL_SHARE;
  }

  /** What it said last, in bits a second; null: nothing yet. */
  get availableBps(): number | null {
    return this.#availableBps;
  }

  /** From now on so much may be sent, in bits a second. */
  allow(allowedBps: number): void {
    this.#allowedBps = allowedBps;
  }

  /** What it says now has been decided from. */
  acted(): void {
    this.#actedOnBps = this.limitBps ?? Number.POSITIVE_INFINITY;
  }
}
