/** Louder noise is not believed: it would be no background. In −dBov. */
const LOUDEST_DBOV = 30;
const MAX_LEVEL_DBOV = 127;
/** Order of the spectral model; a longer one is cut. */
const MAX_ORDER = 12;
/** How fast a new level is reached. */
const LEVEL_MS = 20;
/** The noise starts at the last sample before it and leaves that within this time, so that it starts without a click. */
const JOIN_MS = 5;

/** Noise as described by comfort noise packets (RFC 3389): level, and spectrum where the packet has one. */
export class ComfortNoise {
  readonly #sampleRate: number;
  readonly #random = new Random();
  /** Reflection coefficients of the all-pole lattice that shapes the noise, and its state. */
  #reflections = new Float64Array(0);
  #state = new Float64Array(0);
  /** Peak of the white noise at the filter's input: of now, and wanted. */
  #peak = 0;
  #wantedPeak = 0;
  #join = 0;
  #joinLeft = 0;
  on = false;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /**
   * Starts or changes the noise. `payload`: of at least one byte. `shaped`: its spectrum is for this sample rate. `last`: the sample before
   * the noise.
   */
  start(payload: Uint8Array, shaped: boolean, last: number): void {
    const reflections = shaped ? payload.subarray(1, 1 + MAX_ORDER) : new Uint8Array(0);
    this.#reflections = Float64Array.from(
      reflections,
      (index) => (258 * (Math.min(index, 254) - 127)) / 32_768,
    );
    if (this.#state.length !== this.#reflections.length) {
      this.#state = new Float64Array(this.#reflections.length);
    }
    const levelDbov = Math.max(LOUDEST_DBOV, (payload[0] ?? MAX_LEVEL_DBOV) & 0x7f);
    // The filter amplifies white noise; the level is that of its output.
    const gain = this.#reflections.reduce((product, k) => product * (1 - k * k), 1);
    // Uniform noise has an RMS of its peak / √3.
    this.#wantedPeak = 32_768 * 10 ** (-levelDbov / 20) * Math.sqrt(3 * gain);
    if (this.on) {
      return;
    }
    this.on = true;
    this.#peak = this.#wantedPeak;
    this.#state.fill(0);
    this.#join = last;
    this.#joinLeft = this.#joinSamples;
  }

  stop(): void {
    this.on = false;
  }

  generate(count: number): Int16Array {
    const samples = new Int16Array(count);
    const step = 1000 / (LEVEL_MS * this.#sampleRate);
    for (let i = 0; i < count; i++) {
      this.#peak += (this.#wantedPeak - this.#peak) * step;
      let value = this.#shape(this.#random.next() * this.#peak);
      if (this.#joinLeft > 0) {
        value += (this.#join * this.#joinLeft) / this.#joinSamples;
        this.#joinLeft--;
      }
      samples[i] = Math.max(-32_768, Math.min(32_767, Math.round(value)));
    }
    return samples;
  }

  get #joinSamples(): number {
    return (this.#sampleRate * JOIN_MS) / 1000;
  }

  /** All-pole lattice synthesis: stable for any reflection coefficients below 1. */
  #shape(input: number): number {
    const k = this.#reflections;
    const state = this.#state;
    let forward = input;
    for (let i = k.length - 1; i >= 0; i--) {
      forward -= (k[i] as number) * (state[i] as number);
      if (i + 1 < k.length) {
        state[i + 1] = (state[i] as number) + (k[i] as number) * forward;
      }
    }
    if (k.length > 0) {
      state[0] = forward;
    }
    return forward;
  }
}

/** A linear congruential generator: −1 to 1. */
class Random {
  #state = 0x2545f491;

  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) | 0;
    return this.#state / 2 ** 31;
  }
}
