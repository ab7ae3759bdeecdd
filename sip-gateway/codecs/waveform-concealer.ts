/**
 * Packet loss concealment for codecs without their own, similar to ITU-T G.711 Appendix I: the last pitch period is repeated, faded out
 * from 10 to 60 ms, and cross-faded into the next good samples. Unlike there, the good signal is not delayed.
 */
export class WaveformConcealer {
  readonly #sampleRate: number;
  /** The last 45 ms, received or concealed: three times the maximum pitch period. */
  readonly #history: Int16Array;
  readonly #cycle: Float32Array;
  readonly #out: Int16Array;
  #cycleLength = 0;
  #position = 0;
  /** Samples concealed since the last good one. */
  #concealed = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
    this.#history = new Int16Array((sampleRate * 45) / 1000);
    this.#cycle = new Float32Array((sampleRate * 15) / 1000);
    this.#out = new Int16Array((sampleRate * 120) / 1000);
  }

  /** Records good samples. After a loss, cross-fades from the concealed signal into them, in place. */
  heard(samples: Int16Array): void {
    if (this.#concealed > 0) {
      const overlap = Math.min(samples.length, Math.round(this.#sampleRate * 0.005));
      for (let i = 0; i < overlap; i++) {
        const weight = (i + 1) / (overlap + 1);
        samples[i] = Math.round(weight * (samples[i] as number) + (1 - weight) * this.#next());
      }
      this.#concealed = 0;
    }
    this.#remember(samples);
  }

  /** Conceals `count` samples, at most 120 ms. The result is valid until the next call. @throws {RangeError} another count */
  conceal(count: number): Int16Array {
    if (!(Number.isInteger(count) && count >= 1 && count <= this.#out.length)) {
      throw new RangeError(`${count} samples are not 1 to ${this.#out.length}`);
    }
    if (this.#concealed === 0) {
      this.#findCycle();
    }
    const out = this.#out.subarray(0, count);
    for (let i = 0; i < count; i++) {
      out[i] = Math.round(this.#next());
    }
    this.#remember(out);
    return out;
  }

  reset(): void {
    this.#history.fill(0);
    this.#concealed = 0;
  }

  #next(): number {
    const milliseconds = (this.#concealed * 1000) / this.#sampleRate;
    const gain = milliseconds < 10 ? 1 : Math.max(0, 1 - (milliseconds - 10) / 50);
    const value = gain * (this.#cycle[this.#position] as number);
    this.#position = this.#position + 1 < this.#cycleLength ? this.#position + 1 : 0;
    this.#concealed++;
    return value;
  }

  #remember(samples: Int16Array): void {
    const history = this.#history;
    if (samples.length >= history.length) {
      history.set(samples.subarray(samples.length - history.length));
      return;
    }
    history.copyWithin(0, samples.length);
    history.set(samples, history.length - samples.length);
  }

  /** Copies the last pitch period from the history. Cross-fades its end with the samples before its start, so that it can be repeated. */
  #findCycle(): void {
    const history = this.#history;
    const end = history.length;
    const length = findPitch(history, this.#sampleRate);
    const overlap = length >> 2;
    for (let i = 0; i < length; i++) {
      this.#cycle[i] = history[end - length + i] as number;
    }
    for (let i = 0; i < overlap; i++) {
      const weight = (i + 1) / (overlap + 1);
      const before = history[end - length - overlap + i] as number;
      const at = length - overlap + i;
      this.#cycle[at] = (1 - weight) * (this.#cycle[at] as number) + weight * before;
    }
    this.#cycleLength = length;
    this.#position = 0;
  }
}

/** The lag of 5 to 15 ms, in samples, at which the last 20 ms best match the samples before them. */
function findPitch(history: Int16Array, sampleRate: number): number {
  const end = history.length;
  const window = sampleRate / 50;
  const minLag = sampleRate / 200;
  const maxLag = Math.floor((sampleRate * 15) / 1000);
  // Above 8 kHz, every other sample is enough.
  const stride = sampleRate > 8_000 ? 2 : 1;
  let best = maxLag;
  let bestScore = -1;
  for (let lag = minLag; lag <= maxLag; lag++) {
    let product = 0;
    let energy = 1;
    for (let i = end - window; i < end; i += stride) {
      const past = history[i - lag] as number;
      product += (history[i] as number) * past;
      energy += past * past;
    }
    const score = product > 0 ? (product * product) / energy : 0;
    if (score > bestScore) {
      bestScore = score;
      best = lag;
    }
  }
  return best;
}
