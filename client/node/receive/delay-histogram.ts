/** Number of buckets, followed by one for everything above. */
const BUCKETS = 1000;

/** A histogram of delays in milliseconds: small enough for thousands of streams, and mergeable across processes. */
export class DelayHistogram {
  readonly #bucketMs: number;
  readonly #counts = new Uint32Array(BUCKETS + 1);
  #count = 0;
  #maximumMs = 0;

  /** @param bucketMs - the resolution, of which 1000 are distinguished. Only histograms of the same one can be merged. */
  constructor(bucketMs = 1) {
    this.#bucketMs = bucketMs;
  }

  get count(): number {
    return this.#count;
  }

  get maximumMs(): number {
    return this.#maximumMs;
  }

  /** Adds a delay. Negative ones (clocks that disagree) count as 0. */
  add(delayMs: number): void {
    const bucket = Math.min(BUCKETS, Math.max(0, Math.floor(delayMs / this.#bucketMs)));
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count++;
    this.#maximumMs = Math.max(this.#maximumMs, delayMs);
  }

  /** Forgets everything added so far. */
  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#maximumMs = 0;
  }

  /** The smallest delay, in whole buckets, that is not exceeded by `share` (0 to 1) of the values; NaN if there are none. */
  quantileMs(share: number): number {
    if (this.#count === 0) {
      return Number.NaN;
    }
    let remaining = Math.ceil(share * this.#count);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      remaining -= this.#counts[bucket] as number;
      if (remaining <= 0) {
        return (bucket + 1) * this.#bucketMs;
      }
    }
    return this.#maximumMs;
  }

  /** The non-empty buckets, as [lower bound in ms, count]. */
  toJSON(): { maximumMs: number; buckets: Array<[number, number]> } {
    const buckets: Array<[number, number]> = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) {
        buckets.push([bucket * this.#bucketMs, count]);
      }
    });
    return { maximumMs: this.#maximumMs, buckets };
  }

  /** Adds the toJSON() of another histogram. */
  merge(other: ReturnType<DelayHistogram['toJSON']>): void {
    for (const [fromMs, count] of other.buckets) {
      const bucket = Math.round(fromMs / this.#bucketMs);
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
      this.#count += count;
    }
    this.#maximumMs = Math.max(this.#maximumMs, other.maximumMs);
  }
}
