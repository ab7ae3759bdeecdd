/** Sample rates of rooms and their phones, in Hz. */
export const MIX_RATES_HZ = [8000, 16_000, 48_000] as const;

/** What phones hear while they wait, by sample rate. In memory that all media threads share, so that it is decoded once. */
export type HoldMusic = Readonly<Record<(typeof MIX_RATES_HZ)[number], Int16Array<SharedArrayBuffer>>>;

/** How fast the gain changes, per frame of 20 ms. */
const GAIN_STEP = 0.1;

/** Plays hold music to one phone while it waits, again and again. It fades in and out, and goes on where it stopped. */
export class HoldMusicPlayer {
  /** Whether the phone waits. */
  on = false;
  readonly #music: HoldMusic;
  /** The next frame of 20 ms, at any rate. */
  #frame = 0;
  #gain = 0;

  constructor(music: HoldMusic) {
    this.#music = music;
  }

  /** Adds the next 20 ms to `mix`. `pause`: something else is played now. */
  addTo(mix: Float32Array, pause: boolean): void {
    const before = this.#gain;
    const step = this.on && !pause ? GAIN_STEP : -GAIN_STEP;
    this.#gain = Math.min(1, Math.max(0, before + step));
    if (before === 0 && this.#gain === 0) {
      return;
    }
    const samples = this.#music[(mix.length * 50) as keyof HoldMusic];
    const from = this.#frame * mix.length;
    for (let i = 0; i < mix.length; i++) {
      const gain = before + ((this.#gain - before) * i) / mix.length;
      mix[i] = (mix[i] as number) + gain * (samples[from + i] as number);
    }
    this.#frame = (this.#frame + 1) % Math.floor(samples.length / mix.length);
  }
}
