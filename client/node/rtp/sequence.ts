/** Extends 16-bit sequence numbers to a count that never wraps (RFC 3550 §A.1, without its probation). */
export class SequenceUnwrapper {
  #highest: number | undefined;

  /** The extended number nearest to the highest so far, above or below. */
  unwrap(sequence16: number): number {
    if (this.#highest === undefined) {
      this.#highest = sequence16;
      return sequence16;
    }
    const forward = (sequence16 - this.#highest) & 0xffff;
    const extended = forward < 0x8000 ? this.#highest + forward : this.#highest + forward - 0x1_0000;
    if (extended > this.#highest) {
      this.#highest = extended;
    }
    return extended;
  }
}
