/** Minimum and maximum length of the piece that is removed or inserted, in milliseconds. */
const MIN_LAG_MS = 2.5;
const MAX_LAG_MS = 10;
/** Minimum normalised correlation of two adjacent periods. */
const MIN_SIMILARITY = 0.8;
/** Below this level, as a sample value, a cut is inaudible anywhere. */
const QUIET_RMS = 60;

/**
 * Shortens or lengthens a frame by one or more pitch periods with a cross-fade, which preserves the pitch (as WSOLA and NetEQ do). Both
 * methods return null if the signal has no such period: try the next frame. Results are valid until the next call.
 */
export class TimeStretcher {
  readonly #sampleRate: number;
  #out = new Int16Array(0);

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /** Removes at most `maxMs`. */
  shorten(samples: Int16Array, maxMs = MAX_LAG_MS): Int16Array | null {
    const lag = this.#findLag(samples, maxMs);
    if (lag === 0) {
      return null;
    }
    const out = this.#buffer(samples.length - lag);
    for (let i = 0; i < lag; i++) {
      out[i] = crossFade(samples[i], samples[lag + i], i, lag);
    }
    out.set(samples.subarray(2 * lag), lag);
    return out;
  }

  lengthen(samples: Int16Array): Int16Array | null {
    const lag = this.#findLag(samples, MAX_LAG_MS);
    if (lag === 0) {
      return null;
    }
    const out = this.#buffer(samples.length + lag);
    out.set(samples.subarray(0, lag));
    for (let i = 0; i < lag; i++) {
      out[lag + i] = crossFade(samples[lag + i], samples[i], i, lag);
    }
    out.set(samples.subarray(lag), 2 * lag);
    return out;
  }

  /** The lag in samples at which the start of the frame best matches what follows; 0 if nothing matches. */
  #findLag(samples: Int16Array, maxMs: number): number {
    const minLag = Math.round((this.#sampleRate * MIN_LAG_MS) / 1000);
    const allowed = Math.floor((this.#sampleRate * Math.min(maxMs, MAX_LAG_MS)) / 1000);
    const maxLag = Math.min(samples.length >> 1, allowed);
    if (maxLag < minLag) {
      return 0;
    }
    const stride = Math.max(1, Math.round(this.#sampleRate / 16_000));
    let energy = 0;
    for (let i = 0; i < samples.length; i += stride) {
      energy += (samples[i] as number) ** 2;
    }
    if (energy < QUIET_RMS ** 2 * (samples.length / stride)) {
      return maxLag;
    }
    let best = 0;
    let bestScore = MIN_SIMILARITY;
    for (let lag = minLag; lag <= maxLag; lag++) {
      const score = similarity(samples, lag, stride);
      if (score > bestScore) {
        bestScore = score;
        best = lag;
      }
    }
    return best;
  }

  #buffer(count: number): Int16Array {
    if (this.#out.length < count) {
      this.#out = new Int16Array(2 * count);
    }
    return this.#out.subarray(0, count);
  }
}

/** Normalised correlation of the first `lag` samples with the next ones. */
function similarity(samples: Int16Array, lag: number, stride: number): number {
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
