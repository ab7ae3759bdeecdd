import type { Resampler } from './types.ts';

/** Length of the filter on each side, in samples at the lower of both rates. */
const REACH = 16;
const MAX_SAMPLES = 48_000;
/** Rates are multiples of this, in Hz: it limits the number of phases. All rates of sound files are. */
const RATE_STEP_HZ = 25;

/** Resampling without the add-on, by a windowed-sinc filter bank. */
export class PortableResampler implements Resampler {
  readonly fromHz: number;
  readonly toHz: number;
  /** The step from one output sample to the next is `#down / #up` input samples. */
  readonly #up: number;
  readonly #down: number;
  readonly #taps: number;
  /** One filter per phase, each with `#taps` coefficients. */
  readonly #bank: Float32Array;
  #line: Float32Array;
  #phase = 0;
  #out = new Int16Array(0);
  #closed = false;

  constructor(fromHz: number, toHz: number) {
    for (const rate of [fromHz, toHz]) {
      if (rate % RATE_STEP_HZ !== 0 || rate < 8_000 || rate > 48_000) {
        throw new RangeError(`no resampling between ${fromHz} and ${toHz} Hz`);
      }
    }
    this.fromHz = fromHz;
    this.toHz = toHz;
    const divisor = greatestCommonDivisor(fromHz, toHz);
    this.#up = toHz / divisor;
    this.#down = fromHz / divisor;
    this.#taps = 2 * Math.ceil(REACH * Math.max(1, fromHz / toHz));
    this.#bank = makeBank(this.#up, this.#taps, Math.min(1, toHz / fromHz));
    this.#line = new Float32Array(this.#taps);
  }

  process(samples: Int16Array): Int16Array {
    if (this.#closed) {
      throw new RangeError('the resampler is closed');
    }
    if (samples.length === 0 || samples.length > MAX_SAMPLES) {
      throw new RangeError(`${samples.length} samples are not 1 to ${MAX_SAMPLES}`);
    }
    const maxLength = Math.ceil((samples.length * this.toHz) / this.fromHz) + 2;
    if (this.#out.length < maxLength) {
      this.#out = new Int16Array(maxLength);
    }
    const taps = this.#taps;
    const input = new Float32Array(taps + samples.length);
    input.set(this.#line);
    input.set(samples, taps);
    let count = 0;
    // The unit of the phase is 1 / #up input samples, counted from the first sample of this call.
    for (; this.#phase < samples.length * this.#up; this.#phase += this.#down) {
      const at = Math.floor(this.#phase / this.#up);
      const filter = (this.#phase % this.#up) * taps;
      let sum = 0;
      for (let i = 0; i < taps; i++) {
        sum += (input[at + 1 + i] as number) * (this.#bank[filter + i] as number);
      }
      this.#out[count++] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
    }
    this.#phase -= samples.length * this.#up;
    this.#line = input.subarray(samples.length);
    return this.#out.subarray(0, count);
  }

  close(): void {
    this.#closed = true;
  }
}

function makeBank(phases: number, taps: number, cutoff: number): Float32Array {
  const bank = new Float32Array(phases * taps);
  const half = taps / 2;
  for (let phase = 0; phase < phases; phase++) {
    let sum = 0;
    const filter = bank.subarray(phase * taps, (phase + 1) * taps);
    for (let i = 0; i < taps; i++) {
      const x = i - (half - 1) - phase / phases;
      // With 0.93, the transition band of the window ends near the Nyquist frequency.
      const angle = Math.PI * x * cutoff * 0.93;
      const blackman =
        0.42 + 0.5 * Math.cos((Math.PI * x) / half) + 0.08 * Math.cos((2 * Math.PI * x) / half);
      filter[i] = (Math.abs(angle) < 1e-9 ? 1 : Math.sin(angle) / angle) * Math.max(0, blackman);
      sum += filter[i] as number;
    }
    for (let i = 0; i < taps; i++) {
      filter[i] = (filter[i] as number) / sum;
    }
  }
  return bank;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
