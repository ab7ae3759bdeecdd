/**
 * Conceals losses of a codec that does so itself, frame by frame: hands out any number of samples, and cross-fades from the unused rest of a
 * concealed frame to what is decoded next.
 */
export class FrameConcealer {
  readonly #conceal: (frame: Int16Array) => number;
  readonly #overlap: number;
  readonly #concealed: Int16Array;
  readonly #lastFrame: Int16Array;
  /** Part of the last concealed frame that was not asked for yet: its length, at the end of the frame. */
  #left = 0;

  /** `conceal`: writes the next 20 ms and returns their number of samples. */
  constructor(sampleRate: number, maxSamples: number, conceal: (frame: Int16Array) => number) {
    this.#conceal = conceal;
    this.#overlap = sampleRate / 200;
    this.#concealed = new Int16Array(maxSamples);
    this.#lastFrame = new Int16Array(sampleRate / 50);
  }

  /** The next concealed samples. Valid until the next call. @throws {RangeError} too many */
  next(samples: number): Int16Array {
    if (!(Number.isInteger(samples) && samples >= 1 && samples <= this.#concealed.length)) {
      throw new RangeError(`${samples} samples are not 1 to ${this.#concealed.length}`);
    }
    const frame = this.#lastFrame;
    const out = this.#concealed.subarray(0, samples);
    for (let i = 0; i < samples; i++) {
      if (this.#left === 0) {
        this.#left = this.#conceal(frame);
      }
      out[i] = frame[frame.length - this.#left] as number;
      this.#left--;
    }
    return out;
  }

  /** Cross-fades to samples that were decoded, in place. */
  join(samples: Int16Array): void {
    const frame = this.#lastFrame;
    const overlap = Math.min(this.#left, this.#overlap);
    for (let i = 0; i < overlap; i++) {
      const weight = (i + 1) / (overlap + 1);
      const before = frame[frame.length - this.#left + i] as number;
      samples[i] = Math.round(weight * (samples[i] as number) + (1 - weight) * before);
    }
    this.#left = 0;
  }

  reset(): void {
    this.#left = 0;
  }
}
