/** A FIFO queue of samples. It grows as needed. */
export class SampleQueue {
  #samples: Int16Array;
  #start = 0;
  #end = 0;

  constructor(capacity: number) {
    this.#samples = new Int16Array(capacity);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  push(samples: Int16Array): void {
    if (this.#end + samples.length > this.#samples.length) {
      this.#samples.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
      if (this.#end + samples.length > this.#samples.length) {
        const larger = new Int16Array(2 * (this.#end + samples.length));
        larger.set(this.#samples.subarray(0, this.#end));
        this.#samples = larger;
      }
    }
    this.#samples.set(samples, this.#end);
    this.#end += samples.length;
  }

  /** Removes and returns `count` samples. The result is valid until the next push(). @throws {RangeError} there are fewer */
  shift(count: number): Int16Array {
    if (count > this.length) {
      throw new RangeError(`${count} samples of ${this.length}`);
    }
    this.#start += count;
    return this.#samples.subarray(this.#start - count, this.#start);
  }

  /** Fills `out` with the next samples and removes them. @throws {RangeError} there are fewer */
  shiftInto(out: Int16Array): void {
    const { length } = out;
    if (length > this.length) {
      throw new RangeError(`${length} samples of ${this.length}`);
    }
    for (let i = 0; i < length; i++) {
      out[i] = this.#samples[this.#start + i] as number;
    }
    this.#start += length;
  }

  clear(): void {
    this.#start = 0;
    this.#end = 0;
  }
}
