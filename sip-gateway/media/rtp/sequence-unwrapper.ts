/** Gaps up to this many packets ahead are loss (RFC 3550 A.1, MAX_DROPOUT). */
const MAX_DROPOUT = 3_000;
/** Packets at most this far behind are reordered (RFC 3550 A.1, MAX_MISORDER). */
const MAX_MISORDER = 100;
/** This many consecutive packets behind are not reordering: the sender has restarted its numbering. */
const RESTART_BEHIND = 4;

export type SequenceVerdict =
  /** In the current numbering. */
  | { kind: 'running'; extended: number }
  /** The stream restarts: this is the second consecutive packet of a new numbering, or the fourth after a small step back. */
  | { kind: 'restart'; extended: number }
  /** Far away: a stray packet, or the first one of a new numbering. */
  | { kind: 'stray' };

/** Extends 16-bit sequence numbers across wraps, and detects when a sender restarts (RFC 3550 A.1). */
export class SequenceUnwrapper {
  #highest: number | undefined;
  #expectedAfterStray = -1;
  #expectedBehind = -1;
  #behind = 0;

  push(sequenceNumber: number): SequenceVerdict {
    if (this.#highest === undefined) {
      return this.#restart(sequenceNumber);
    }
    const ahead = (sequenceNumber - this.#highest) & 0xffff;
    if (ahead < MAX_DROPOUT) {
      this.#highest += ahead;
      this.#expectedAfterStray = -1;
      // A duplicate neither starts nor ends a run of packets behind.
      if (ahead > 0) {
        this.#expectedBehind = -1;
      }
      return { kind: 'running', extended: this.#highest };
    }
    if (sequenceNumber === this.#expectedAfterStray) {
      return this.#restart(sequenceNumber);
    }
    if (ahead > 0x1_0000 - MAX_MISORDER) {
      this.#behind = sequenceNumber === this.#expectedBehind ? this.#behind + 1 : 1;
      if (this.#behind >= RESTART_BEHIND) {
        return this.#restart(sequenceNumber);
      }
      this.#expectedBehind = (sequenceNumber + 1) & 0xffff;
      return { kind: 'running', extended: this.#highest + ahead - 0x1_0000 };
    }
    this.#expectedAfterStray = (sequenceNumber + 1) & 0xffff;
    return { kind: 'stray' };
  }

  reset(): void {
    this.#highest = undefined;
    this.#expectedAfterStray = -1;
    this.#expectedBehind = -1;
  }

  #restart(sequenceNumber: number): SequenceVerdict {
    // Start one wrap up, so that reordered packets before the first one do not get negative numbers.
    this.#highest = sequenceNumber + 0x1_0000;
    this.#expectedAfterStray = -1;
    this.#expectedBehind = -1;
    return { kind: 'restart', extended: this.#highest };
  }
}

/** Extends 32-bit timestamps across wraps. */
export class TimestampUnwrapper {
  #last: number | undefined;

  push(timestamp: number): number {
    this.#last = this.#last === undefined ? timestamp : this.#last + ((timestamp - this.#last) | 0);
    return this.#last;
  }

  reset(): void {
    this.#last = undefined;
  }
}
