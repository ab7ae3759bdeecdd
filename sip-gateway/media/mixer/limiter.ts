/** Maximum output level, as a sample value: −1 dBov. */
const CEILING = 29_200;
const ATTACK_MS = 1;
/** Share of a gain reduction that is undone per 20 ms. */
const RELEASE = 0.1;

/**
 * Keeps a sum of voices within 16 bits. The gain falls within a millisecond if a frame would overload, and recovers over about 200 ms.
 * Peaks during the attack are clipped.
 */
export class Limiter {
  readonly #sampleRate: number;
  #gain = 1;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /** Writes the limited frame to `out`, which has the same length. */
  process(samples: Float32Array, out: Int16Array): void {
    const { length } = samples;
    let peak = 0;
    for (let i = 0; i < length; i++) {
      const value = samples[i] as number;
      if (value > peak) {
        peak = value;
      } else if (-value > peak) {
        peak = -value;
      }
    }
    const needed = peak > CEILING ? CEILING / peak : 1;
    const target = needed < this.#gain ? needed : this.#gain + (needed - this.#gain) * RELEASE;
    let gain = this.#gain;
    if (gain === 1 && target === 1) {
      for (let i = 0; i < length; i++) {
        out[i] = Math.round(samples[i] as number);
      }
      return;
    }
    const ramp = target < gain ? Math.min(length, (this.#sampleRate * ATTACK_MS) / 1000) : length;
    const step = (target - gain) / ramp;
    for (let i = 0; i < length; i++) {
      if (i < ramp) {
        gain += step;
      }
      out[i] = Math.max(-32_768, Math.min(32_767, Math.round((samples[i] as number) * gain)));
    }
    this.#gain = target > 0.999 ? 1 : target;
  }
}
