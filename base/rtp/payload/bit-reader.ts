/** Reads bits, most significant first. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** An unsigned number of so many bits, at most 32. @throws {RangeError} past the end */
  read(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined) {
        throw new RangeError('no more bits');
      }
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at++;
    }
    return value;
  }

  /** An unsigned exponential-Golomb number (ITU-T H.264 §9.1). @throws {RangeError} past the end, or above 32 bits */
  exponential(): number {
    let zeros = 0;
    while (this.read(1) === 0) {
      zeros++;
      if (zeros > 31) {
        throw new RangeError('a number of more than 32 bits');
      }
    }
    return 2 ** zeros - 1 + this.read(zeros);
  }
}
