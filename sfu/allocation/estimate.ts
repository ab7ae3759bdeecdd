import type { TransportTraceEventData } from 'mediasoup/types';

/** A fall to less than this share of what was acted on calls for new decisions at once. */
const FALL_SHARE = 0.9;
/** An estimate this near its own ceiling says what was asked for, not what the network can take. */
const CEILING_SHARE = 0.95;

/** What a transport's bandwidth estimation says, fed from the worker's traces: once a second, and at once when it falls much. */
export class Estimate {
  #availableBps: number | null = null;
  #ceilingBps = Number.POSITIVE_INFINITY;
  #actedOnBps = Number.POSITIVE_INFINITY;

  /** What the network can take, in bits a second; null: not known, or no less than what may be sent. */
  get limitBps(): number | null {
    if (this.#availableBps === null || this.#availableBps >= this.#ceilingBps * CEILING_SHARE) return null;
    return this.#availableBps;
  }

  /** Takes a trace over; whether it fell so far that decisions must be made anew at once. */
  update({ type, info }: Pick<TransportTraceEventData, 'type' | 'info'>): boolean {
    if (type !== 'bwe') return false;
    const { availableBitrate, maxBitrate } = info as { availableBitrate: number; maxBitrate: number };
    this.#availableBps = availableBitrate;
    this.#ceilingBps = maxBitrate;
    return (this.limitBps ?? Number.POSITIVE_INFINITY) < this.#actedOnBps * FALL_SHARE;
  }

  /** What it says now has been decided from. */
  acted(): void {
    this.#actedOnBps = this.limitBps ?? Number.POSITIVE_INFINITY;
  }
}
