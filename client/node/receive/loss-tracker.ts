/** How long a gap may be mere reordering before it is requested, in milliseconds. */
const REORDERING_WINDOW_MS = 15;
/** Interval between requests for the same packet, in milliseconds: longer than a usual round trip. */
const RETRY_MS = 80;
const MAX_REQUESTS = 8;
/** When a missing packet is given up, requested or not, in milliseconds. */
const GIVE_UP_MS = 1000;
/** A larger gap is a jump (a switch of source), not a loss. */
const MAX_GAP = 1000;
/** How many lost packets are remembered, in case they still arrive. */
const MEMORY = 2048;

interface Missing {
  sinceMs: number;
  requests: number;
  lastRequestMs: number;
}

/** Tracks which sequence numbers are missing, when to request them, and when they are lost. Pure: the time is passed in. */
export class LossTracker {
  readonly #missing = new Map<number, Missing>();
  readonly #givenUp = new Set<number>();
  #highest: number | undefined;

  get isWaiting(): boolean {
    return this.#missing.size > 0;
  }

  /**
   * Records a packet by its extended sequence number. `given-up`: it had been counted as lost. Anything else that is not ahead counts as a
   * duplicate, including packets from before the first.
   */
  arrived(sequence: number, nowMs: number): 'new' | 'duplicate' | 'given-up' {
    if (this.#highest === undefined) {
      this.#highest = sequence;
      return 'new';
    }
    if (sequence > this.#highest) {
      if (sequence - this.#highest <= MAX_GAP) {
        for (let gap = this.#highest + 1; gap < sequence; gap++) {
          this.#missing.set(gap, { sinceMs: nowMs, requests: 0, lastRequestMs: Number.NEGATIVE_INFINITY });
        }
      }
      this.#highest = sequence;
      return 'new';
    }
    if (this.#missing.delete(sequence)) {
      return 'new';
    }
    if (this.#givenUp.delete(sequence)) {
      return 'given-up';
    }
    return 'duplicate';
  }

  /** The 16-bit sequence numbers to request now, in ascending order, and how many were given up since the last call. */
  due(nowMs: number, mayRequest: boolean): { request: number[]; lost: number } {
    const request: number[] = [];
    let lost = 0;
    for (const [sequence, missing] of this.#missing) {
      if (nowMs - missing.sinceMs >= GIVE_UP_MS) {
        this.#missing.delete(sequence);
        this.#giveUp(sequence);
        lost++;
      } else if (
        mayRequest &&
        nowMs - missing.sinceMs >= REORDERING_WINDOW_MS &&
        nowMs - missing.lastRequestMs >= RETRY_MS &&
        missing.requests < MAX_REQUESTS
      ) {
        missing.requests++;
        missing.lastRequestMs = nowMs;
        request.push(sequence & 0xffff);
      }
    }
    return { request, lost };
  }

  #giveUp(sequence: number): void {
    this.#givenUp.add(sequence);
    if (this.#givenUp.size <= MEMORY) {
      return;
    }
    for (const oldest of this.#givenUp) {
      this.#givenUp.delete(oldest);
      break;
    }
  }
}
