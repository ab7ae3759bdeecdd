import type { Codecs, Resampler } from '../../codecs/index.ts';

/** A sound for all phones of a room. */
export interface Announcement {
  samples: Int16Array;
  sampleRate: number;
}

/** With so many sounds waiting, no more are played: people come and go faster than phones can be told. */
const MAX_WAITING = 3;
/** Gain while somebody speaks (-14 dB), and while nobody does (-3 dB). */
const GAIN_UNDER_VOICES = 0.2;
const GAIN_ALONE = 0.7;
/** How fast the gain changes, per frame. */
const GAIN_STEP = 0.1;

/** Plays announcements to the phones of a room, one after the other, beneath the voices. */
export class Announcer {
  readonly #codecs: Codecs;
  readonly #queue: Array<Announcement & { at: number }> = [];
  #resampler: Resampler | undefined;
  #gain = GAIN_UNDER_VOICES;

  constructor(codecs: Codecs) {
    this.#codecs = codecs;
  }

  get playing(): boolean {
    return this.#queue.length > 0;
  }

  /** Queues the sounds of one announcement. */
  play(sounds: readonly Announcement[]): void {
    if (this.#queue.length < MAX_WAITING) {
      this.#queue.push(...sounds.map((sound) => ({ ...sound, at: 0 })));
    }
  }

  /** The next 20 ms at this sample rate, in Hz. `underVoices`: whether somebody speaks. */
  read(sampleRate: number, underVoices: boolean): Int16Array {
    const frame = new Int16Array(sampleRate / 50);
    const current = this.#queue[0];
    if (!current) {
      return frame;
    }
    const length = current.sampleRate / 50;
    const source = new Int16Array(length);
    source.set(current.samples.subarray(current.at, current.at + length));
    current.at += length;
    if (current.at >= current.samples.length) {
      this.#queue.shift();
    }
    const samples = this.#convert(source, current.sampleRate, sampleRate);
    const before = this.#gain;
    const wanted = underVoices ? GAIN_UNDER_VOICES : GAIN_ALONE;
    this.#gain = before + Math.max(-GAIN_STEP, Math.min(GAIN_STEP, wanted - before));
    for (let i = 0; i < frame.length; i++) {
      const gain = before + ((this.#gain - before) * i) / frame.length;
      frame[i] = Math.round((samples[i] ?? 0) * gain);
    }
    return frame;
  }

  /** Stops, because nobody is left to listen. */
  stop(): void {
    this.#queue.length = 0;
    this.#gain = GAIN_UNDER_VOICES;
    this.#resampler?.close();
    this.#resampler = undefined;
  }

  #convert(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
    if (fromHz === toHz) {
      return samples;
    }
    if (this.#resampler?.fromHz !== fromHz || this.#resampler.toHz !== toHz) {
      this.#resampler?.close();
      this.#resampler = this.#codecs.createResampler(fromHz, toHz);
    }
    return this.#resampler.process(samples);
  }
}
