/** Shortest and longest piece that is cut out or put in, in ms. */
const SHORTEST_MS = 2.5;
const LONGEST_MS = 10;
/** Normalised correlation from which a piece counts as a period of the signal. */
const LIKE = 0.8;
/** Below this level, as a sample value, nobody hears where a piece was cut. */
const QUIET_RMS = 60;

/**
 * Shortens or lengthens a frame by one or more pitch periods, cross-faded, so that the pitch stays (as WSOLA and NetEQ do).
 * Each returns null where the signal has no period to take: try the next frame.
 */
export class TimeStretcher {
  readonly #sampleRate: number;
  #out = new Int16Array(0);

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /** Cuts out at most `mostMs`. The result holds until the next call. */
  shorten(samples: Int16Array, mostMs = LONGEST_MS): Int16Array | null {
    const lag = this.#findLag(samples, mostMs);
    if (lag === 0) {
      return null;
    }
    const out = this.#room(samples.length - lag);
    for (let i = 0; i < lag; i++) {
      out[i] = crossFade(samples[i], samples[lag + i], i, lag);
    }
    out.set(samples.subarray(2 * lag), lag);
    return out;
  }

  lengthen(samples: Int16Array): Int16Array | null {
    const lag = this.#findLag(samples, LONGEST_MS);
    if (lag === 0) {
      return null;
    }
    const out = this.#room(samples.length + lag);
    out.set(samples.subarray(0, lag));
    for (let i = 0; i < lag; i++) {
      out[lag + i] = crossFade(samples[lag + i], samples[i], i, lag);
    }
    out.set(samples.subarray(lag), 2 * lag);
    return out;
  }

  /** The lag at which the frame's beginning is most like what follows; 0 when nothing is like it. */
  #findLag(samples: Int16Array, mostMs: number): number {
    const shortest = Math.round((this.#sampleRate * SHORTEST_MS) / 1000);
    const most = Math.floor((this.#sampleRate * Math.min(mostMs, LONGEST_MS)) / 1000);
    const longest = Math.min(samples.length >> 1, most);
    if (longest < shortest) {
      return 0;
    }
    const stride = Math.max(1, Math.round(this.#sampleRate / 16_000));
    let energy = 0;
    for (let i = 0; i < samples.length; i += stride) {
      energy += (samples[i] as number) ** 2;
    }
    if (energy < QUIET_RMS ** 2 * (samples.length / stride)) {
      return longest;
    }
    let best = 0;
    let bestScore = LIKE;
    for (let lag = shortest; lag <= longest; lag++) {
      const score = likeness(samples, lag, stride);
      if (score > bestScore) {
        bestScore = score;
        best = lag;
      }
    }
    return best;
  }

  #room(count: number): Int16Array {
    if (this.#out.length < count) {
      this.#out = new Int16Array(2 * count);
    }
    return this.#out.subarray(0, count);
  }
}

function likeness(samples: Int16Array, lag: number, stride: number): number {
  let product = 0;
  let left = 1;
  let right = 1;
  for (let i = 0; i < lag; i += stride) {
    const a = samples[i] as number;
    const b = samples[i + lag] as number;
    product += a * b;
    left += a * a;
    right += b * b;
  }
  return product / Math.sqrt(left * right);
}

function crossFade(from: number | undefined, to: number | undefined, i: number, length: number): number {
  const weight = (i + 1) / (length + 1);
  return Math.round((1 - weight) * (from ?? 0) + weight * (to ?? 0));
}
