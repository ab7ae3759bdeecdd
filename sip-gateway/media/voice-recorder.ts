import type { Codecs } from '../codecs/index.ts';

/** Rate of recordings, in Hz. */
const RECORDING_HZ = 16_000;
/** A frame with larger samples than this has a voice. */
const VOICE_PEAK = 600;
/** Kept before and after the voice, in frames of 20 ms. */
const MARGIN_FRAMES = 4;
/** Silence that ends a recording: after the voice, and without any, in frames. */
const END_FRAMES = 60;
const NOTHING_FRAMES = 250;
/** Loudest sample of a recording, like that of spoken prompts; quiet voices are amplified by at most this factor. */
const PEAK = 12_000;
const MAX_GAIN = 8;

/** Records a few words of one phone in memory, from the first sound to the last. */
export class VoiceRecorder {
  readonly sampleRate: number;
  readonly #codecs: Codecs;
  readonly #maxFrames: number;
  readonly #frames: Int16Array[] = [];
  /** Of the last frame with a voice. -1: none yet. */
  #lastVoice = -1;
  #waited = 0;

  /** @param maxMs longest recording, in milliseconds */
  constructor(codecs: Codecs, sampleRate: number, maxMs: number) {
    this.#codecs = codecs;
    this.sampleRate = sampleRate;
    this.#maxFrames = Math.floor(maxMs / 20);
  }

  /** Adds the next 20 ms; null: silence. Returns whether the recording is complete. */
  add(frame: Int16Array | null): boolean {
    const isVoice = frame?.some((sample) => Math.abs(sample) > VOICE_PEAK) ?? false;
    this.#frames.push(frame?.slice() ?? new Int16Array(this.sampleRate / 50));
    if (isVoice) {
      this.#lastVoice = this.#frames.length - 1;
    } else if (this.#lastVoice < 0) {
      this.#waited += 1;
      this.#frames.splice(0, this.#frames.length - MARGIN_FRAMES);
      return this.#waited >= NOTHING_FRAMES;
    }
    return this.#frames.length >= this.#maxFrames || this.#frames.length - this.#lastVoice > END_FRAMES;
  }

  /** What was said, as loud as prompts are. Null: nothing. */
  finish(): { samples: Int16Array; sampleRate: number } | null {
    if (this.#lastVoice < 0) {
      return null;
    }
    const frames = this.#frames.slice(0, this.#lastVoice + 1 + MARGIN_FRAMES);
    const resampler =
      this.sampleRate === RECORDING_HZ
        ? undefined
        : this.#codecs.createResampler(this.sampleRate, RECORDING_HZ);
    const samples = Int16Array.from(frames.flatMap((frame) => [...(resampler?.process(frame) ?? frame)]));
    resampler?.close();
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
    const gain = Math.min(MAX_GAIN, PEAK / loudest);
    return { samples: samples.map((sample) => Math.round(sample * gain)), sampleRate: RECORDING_HZ };
  }
}
