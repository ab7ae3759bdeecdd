import type { Codecs, Resampler } from '../../codecs/index.ts';

/**
 * The sums of one 20 ms frame, one bus a sample rate. Voices are added at their own rate; then each bus gets the other buses'
 * sums, resampled once a pair of rates rather than once a voice. A voice is taken out of its own bus exactly, for it went in there
 * unchanged: mix minus self.
 */
export class MixBuses {
  readonly #codecs: Codecs;
  readonly #own = new Map<number, Float32Array>();
  readonly #mixed = new Map<number, Float32Array>();
  /** What one phone hears. */
  readonly #heard = new Map<number, Float32Array>();
  readonly #used = new Set<number>();
  readonly #resamplers = new Map<string, Resampler>();

  constructor(codecs: Codecs) {
    this.#codecs = codecs;
  }

  /** Begins a frame with buses of these rates. */
  begin(rates: Iterable<number>): void {
    this.#used.clear();
    for (const rate of rates) {
      if (!this.#own.has(rate)) {
        this.#own.set(rate, new Float32Array(rate / 50));
        this.#mixed.set(rate, new Float32Array(rate / 50));
        this.#heard.set(rate, new Float32Array(rate / 50));
      }
    }
    for (const bus of this.#own.values()) {
      bus.fill(0);
    }
  }

  add(rate: number, frame: Int16Array): void {
    const bus = this.#own.get(rate);
    if (!bus) {
      return;
    }
    this.#used.add(rate);
    for (let i = 0; i < bus.length; i++) {
      bus[i] = (bus[i] as number) + (frame[i] as number);
    }
  }

  /** Carries each bus's sum to the others. `rates` as given to begin(). */
  exchange(rates: Iterable<number>): void {
    for (const rate of rates) {
      const own = this.#own.get(rate);
      const mixed = this.#mixed.get(rate);
      if (!own || !mixed) {
        continue;
      }
      mixed.set(own);
      for (const [other, sum] of this.#own) {
        if (other === rate || !this.#used.has(other)) {
          continue;
        }
        const carried = this.#resampler(other, rate).process(toSamples(sum));
        for (let i = 0; i < mixed.length; i++) {
          mixed[i] = (mixed[i] as number) + (carried[i] ?? 0);
        }
      }
    }
  }

  /** Everybody except `own`, which was added at this rate: mix minus self. Valid until the next call for the rate. */
  without(own: Int16Array | null, rate: number): Float32Array {
    const mixed = this.#mixed.get(rate);
    const heard = this.#heard.get(rate);
    if (!mixed || !heard) {
      return new Float32Array(rate / 50);
    }
    if (!own) {
      heard.set(mixed);
    } else {
      for (let i = 0; i < heard.length; i++) {
        heard[i] = (mixed[i] as number) - (own[i] as number);
      }
    }
    return heard;
  }

  close(): void {
    for (const resampler of this.#resamplers.values()) {
      resampler.close();
    }
    this.#resamplers.clear();
  }

  #resampler(from: number, to: number): Resampler {
    const key = `${from} ${to}`;
    const known = this.#resamplers.get(key);
    if (known) {
      return known;
    }
    const made = this.#codecs.createResampler(from, to);
    this.#resamplers.set(key, made);
    return made;
  }
}

function toSamples(sum: Float32Array): Int16Array {
  const samples = new Int16Array(sum.length);
  for (let i = 0; i < sum.length; i++) {
    samples[i] = Math.max(-32_768, Math.min(32_767, Math.round(sum[i] as number)));
  }
  return samples;
}
