/** Target level of speech, in dBov. */
const TARGET_DBOV = -24;
const MAX_GAIN_DB = 20;
const MIN_GAIN_DB = -20;
/** How fast the gain rises during speech, and how fast it falls, in dB per second. */
const RISE_DB = 12;
const FALL_DB = 40;
/** Minimum level of speech above the noise floor, in dB, and absolute, in dBov. */
const OVER_FLOOR_DB = 10;
const MIN_SPEECH_DBOV = -60;
/** How fast the noise floor may rise, in dB per second: slowly enough for the pauses of a speaker to keep it down. */
const FLOOR_RISE_DB = 6;
/** Averaging time of the loudness, in seconds of speech. */
const AVERAGING_SECONDS = 3;
const FRAME_SECONDS = 0.02;
const OVERLOAD = 32_767;

/**
 * Brings a phone's speech to a common loudness, without delay. The loudness is the mean power of frames well above the noise floor, so
 * that noise and pauses do not change the gain. Frames louder than the target always count: music on hold must not drown a room.
 */
export class GainControl {
  #floorDbov = 0;
  /** Mean power of speech, relative to full scale, and its duration up to AVERAGING_SECONDS. */
  #power = 0;
  #speechSeconds = 0;
  #gainDb = 0;
  #gain = 1;

  /** Applies the gain to 20 ms of samples in place; returns it, in dB. */
  process(samples: Int16Array): number {
    const { length } = samples;
    let sum = 0;
    let peak = 0;
    for (let i = 0; i < length; i++) {
      const value = samples[i] as number;
      sum += value * value;
      if (value > peak) {
        peak = value;
      } else if (-value > peak) {
        peak = -value;
      }
    }
    this.#adapt(sum / (length * 2 ** 30));
    // Never clip, even if a word is louder than all before it.
    const target = Math.min(10 ** (this.#gainDb / 20), OVERLOAD / Math.max(1, peak));
    let gain = Math.min(this.#gain, OVERLOAD / Math.max(1, peak));
    const step = (target - gain) / length;
    this.#gain = target;
    for (let i = 0; i < length; i++) {
      gain += step;
      samples[i] = Math.round((samples[i] as number) * gain);
    }
    return this.#gainDb;
  }

  #adapt(power: number): void {
    const dbov = 10 * Math.log10(power + 1e-12);
    const floorDbov = Math.min(dbov, this.#floorDbov + FLOOR_RISE_DB * FRAME_SECONDS);
    this.#floorDbov = Math.max(MIN_SPEECH_DBOV - OVER_FLOOR_DB, floorDbov);
    if (dbov < Math.min(TARGET_DBOV, this.#floorDbov + OVER_FLOOR_DB)) {
      return;
    }
    this.#speechSeconds = Math.min(AVERAGING_SECONDS, this.#speechSeconds + FRAME_SECONDS);
    this.#power += ((power - this.#power) * FRAME_SECONDS) / this.#speechSeconds;
    const wantedDb = Math.max(MIN_GAIN_DB, Math.min(MAX_GAIN_DB, TARGET_DBOV - 10 * Math.log10(this.#power)));
    this.#gainDb = Math.max(
      this.#gainDb - FALL_DB * FRAME_SECONDS,
      Math.min(this.#gainDb + RISE_DB * FRAME_SECONDS, wantedDb),
    );
  }
}
