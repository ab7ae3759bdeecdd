import type { Codecs, Resampler } from '../../codecs/index.ts';

/**
 * The sums of one 20 ms frame: one bus per sample rate. Each voice is added to the bus of its own rate. Then each bus gets the sums of the
 * others, which are resampled once per pair of rates rather than once per voice. Since a voice entered its own bus unchanged, it can be
 * subtracted exactly (mix minus self).
 */
export class MixBuses {
  readonly #codecs: Codecs;
  readonly #own = new Map<number, Float32Array>();
  readonly #mixed = new Map<number, Float32Array>();
  /** Results of without(), by rate. */
  readonly #heard = new Map<number, Float32Array>();
  readonly #used = new Set<number>();
  readonly #resamplers = new Map<string, Resampler>();

  constructor(codecs: Codecs) {
    this.#codecs = codecs;
  }

  /** Starts a frame with buses of these rates. */
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

  /** Largest sample of all voices so far, before exchange(). */
  peak(): number {
    let peak = 0;
    for (const rate of this.#used) {
      for (const sample of this.#own.get(rate) ?? []) {
        peak = Math.max(peak, Math.abs(sample));
      }
    }
    return peak;
  }

  /** Adds each bus's sum to the others. `rates`: as passed to begin(). */
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
        const resampled = this.#resampler(other, rate).process(toSamples(sum));
        for (let i = 0; i < mixed.length; i++) {
          mixed[i] = (mixed[i] as number) + (resampled[i] ?? 0);
        }
      }
    }
  }

  /** The mix without `own`, a voice that was added at this rate. Valid until the next call for the same rate. */
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
    const created = this.#codecs.createResampler(from, to);
    this.#resamplers.set(key, created);
    return created;
  }
}

function toSamples(sum: Float32Array): Int16Array {
  const samples = new Int16Array(sum.length);
  for (let i = 0; i < sum.length; i++) {
    samples[i] = Math.max(-32_768, Math.min(32_767, Math.round(sum[i] as number)));
  }
  return samples;
}
