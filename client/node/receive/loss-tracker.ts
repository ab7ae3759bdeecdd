/** How long a gap may be mere reordering before it is asked for. */
const REORDERING_WINDOW_MS = 15;
/** Between requests for the same packet: above a usual round trip. */
const RETRY_MS = 80;
const MAX_REQUESTS = 8;
/** When a missing packet is given up, asked for or not. */
const GIVE_UP_MS = 1000;
/** More missing at once than this is a jump (a switch of source), not a loss. */
const MAX_GAP = 1000;
/** How many lost packets are remembered, in case they still come. */
const MEMORY = 2048;

interface Missing {
  sinceMs: number;
  requests: number;
  lastRequestMs: number;
}

/** Knows which sequence numbers are missing, when to ask for them, and when they are lost. Pure: time is given. */
export class LossTracker {
  readonly #missing = new Map<number, Missing>();
  readonly #givenUp = new Set<number>();
  #highest: number | undefined;

  get isWaiting(): boolean {
    return this.#missing.size > 0;
  }

  /**
   * Notes a packet by its extended number. `given-up`: it was counted as lost before. Whatever else
   * is not ahead counts as a duplicate, also what came before the first.
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

  /** The 16-bit numbers to ask for now, in rising order, and how many were given up since the last call. */
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
