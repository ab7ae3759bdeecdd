/** Reads numbers of bits, the highest first. Reads zeros past the end. */
export class BitReader {
  readonly #data: Buffer;
  /** Bits read so far. */
  position = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  read(bits: number): number {
    let value = 0;
    for (let count = 0; count < bits; count += 1) {
      const byte = this.#data[this.position >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.position & 7))) & 1);
      this.position += 1;
    }
    return value;
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  skip(bits: number): void {
    this.position += bits;
  }
}
