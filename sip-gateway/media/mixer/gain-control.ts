/** What speech is brought to, in dBov. */
const TARGET_DBOV = -24;
const MAX_GAIN_DB = 20;
const MIN_GAIN_DB = -20;
/** How fast the gain rises while somebody speaks, and how fast it falls, in dB a second. */
const RISE_DB = 12;
const FALL_DB = 40;
/** Speech is so much louder than what is always there, in dB, and never quieter than this, in dBov. */
const OVER_FLOOR_DB = 10;
const QUIETEST_DBOV = -60;
/** How fast what is always there may get louder, in dB a second: slower than people pause. */
const FLOOR_RISE_DB = 6;
/** Speech that the loudness is the mean of, in seconds. */
const MEMORY_SECONDS = 3;
const FRAME_SECONDS = 0.02;
const OVERLOAD = 32_767;

/**
 * Brings a phone's speech to one loudness, without delay. The loudness is the mean power of the frames that stand out from what is
 * always there, so that noise and pauses leave the gain as it is; and of those that are too loud, whatever they are: music on hold
 * must not drown a room.
 */
export class GainControl {
  #floorDbov = 0;
  /** Mean power of the speech, of full scale 1, and how much of it there was, in seconds. */
  #power = 0;
  #heardSeconds = 0;
  #gainDb = 0;
  #gain = 1;

  /** Changes 20 ms of samples in place; returns the gain applied, in dB. */
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
    this.#follow(sum / (length * 2 ** 30));
    // A word louder than all before it is not clipped.
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

  #follow(power: number): void {
    const dbov = 10 * Math.log10(power + 1e-12);
    const floorDbov = Math.min(dbov, this.#floorDbov + FLOOR_RISE_DB * FRAME_SECONDS);
    this.#floorDbov = Math.max(QUIETEST_DBOV - OVER_FLOOR_DB, floorDbov);
    if (dbov < Math.min(TARGET_DBOV, this.#floorDbov + OVER_FLOOR_DB)) {
      return;
    }
    this.#heardSeconds = Math.min(MEMORY_SECONDS, this.#heardSeconds + FRAME_SECONDS);
    this.#power += ((power - this.#power) * FRAME_SECONDS) / this.#heardSeconds;
    const wantedDb = Math.max(MIN_GAIN_DB, Math.min(MAX_GAIN_DB, TARGET_DBOV - 10 * Math.log10(this.#power)));
    this.#gainDb = Math.max(
      this.#gainDb - FALL_DB * FRAME_SECONDS,
      Math.min(this.#gainDb + RISE_DB * FRAME_SECONDS, wantedDb),
    );
  }
}
