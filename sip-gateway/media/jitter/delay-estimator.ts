const BUCKETS = 10;
const BUCKET_MS = 1_000;
const BIN_MS = 2;
const BINS = 150;
/** A packet's weight in the histogram halves in about 7 s of 20 ms packets. */
const FORGETTING = 0.998;
/** A larger change of delay than this is a jump of the sender's clock, not network delay. */
const JUMP_MS = 400;

/**
 * Estimates network jitter: the minimum delay of the last ten seconds, and the distribution of packet delays above it. Times are in
 * milliseconds of any monotonic clock. A packet's `mediaMs` is its RTP timestamp in milliseconds.
 */
export class DelayEstimator {
  readonly #quantile: number;
  /** Minimum (arrival − media time) of each of the last ten seconds. */
  readonly #minima = new Float64Array(BUCKETS).fill(Number.POSITIVE_INFINITY);
  #bucket = 0;
  #bucketEndsMs = Number.NEGATIVE_INFINITY;
  /** The minimum of `#minima`. */
  #base = Number.POSITIVE_INFINITY;
  readonly #weights = new Float64Array(BINS);
  #total = 0;
  /** Weight of the next packet. It grows, which saves reducing all others. */
  #unit = 1;

  constructor(quantile = 0.98) {
    this.#quantile = quantile;
  }

  /** Records a packet. Returns whether the sender's clock has jumped. */
  observe(mediaMs: number, arrivalMs: number): boolean {
    const delay = arrivalMs - mediaMs;
    const jumped = this.#base < Number.POSITIVE_INFINITY && Math.abs(delay - this.#base) > JUMP_MS;
    if (jumped) {
      this.restart();
    }
    this.#observeBase(delay, arrivalMs);
    const bin = Math.min(BINS - 1, Math.floor((delay - this.#base) / BIN_MS));
    this.#weights[bin] = (this.#weights[bin] as number) + this.#unit;
    this.#total += this.#unit;
    this.#unit /= FORGETTING;
    if (this.#unit > 1e6) {
      this.#normalise();
    }
    return jumped;
  }

  /** Forgets the minimum delay, for a new stream, but keeps the jitter of the network. */
  restart(): void {
    this.#minima.fill(Number.POSITIVE_INFINITY);
    this.#bucketEndsMs = Number.NEGATIVE_INFINITY;
    this.#base = Number.POSITIVE_INFINITY;
  }

  /** Time since a packet with this media time would have arrived at minimum delay, in milliseconds. */
  ageMs(mediaMs: number, nowMs: number): number {
    return nowMs - mediaMs - this.#base;
  }

  /** The quantile of packet delays above the minimum, in milliseconds. */
  get jitterMs(): number {
    let sum = 0;
    for (let bin = 0; bin < BINS; bin++) {
      sum += this.#weights[bin] as number;
      if (sum >= this.#quantile * this.#total) {
        return bin * BIN_MS;
      }
    }
    return (BINS - 1) * BIN_MS;
  }

  #observeBase(delay: number, arrivalMs: number): void {
    if (arrivalMs >= this.#bucketEndsMs) {
      const passed = Math.min(BUCKETS, Math.floor((arrivalMs - this.#bucketEndsMs) / BUCKET_MS) + 1);
      for (let i = 0; i < passed; i++) {
        this.#bucket = (this.#bucket + 1) % BUCKETS;
        this.#minima[this.#bucket] = Number.POSITIVE_INFINITY;
      }
      this.#bucketEndsMs = arrivalMs + BUCKET_MS;
      this.#minima[this.#bucket] = delay;
      this.#base = Math.min(...this.#minima);
      return;
    }
    if (delay < (this.#minima[this.#bucket] as number)) {
      this.#minima[this.#bucket] = delay;
    }
    if (delay < this.#base) {
      this.#base = delay;
    }
  }

  #normalise(): void {
    for (let bin = 0; bin < BINS; bin++) {
      this.#weights[bin] = (this.#weights[bin] as number) / this.#unit;
    }
    this.#total /= this.#unit;
    this.#unit = 1;
  }
}
