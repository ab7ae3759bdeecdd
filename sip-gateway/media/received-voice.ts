import type { Codec, Codecs, Resampler } from '../codecs/index.ts';
import { Playout } from './jitter/index.ts';

/** Decoder and playout of one codec that a phone may send. Returns frames at the leg's sample rate. */
export class ReceivedVoice {
  readonly playout: Playout;
  readonly codec: Codec;
  readonly #codecs: Codecs;
  #frame = new Int16Array(0);
  #resampler: Resampler | undefined;

  /** Takes ownership of `codec`. `sampleRate`: of the frames, in Hz. */
  constructor(codecs: Codecs, codec: Codec, sampleRate: number) {
    this.#codecs = codecs;
    this.codec = codec;
    this.playout = new Playout({ codec });
    this.changeRate(sampleRate);
  }

  /** Goes on with frames at another sample rate. */
  changeRate(sampleRate: number): void {
    const { sampleRate: decoded } = this.codec;
    const length = sampleRate / 50;
    if (length === this.#frame.length) {
      return;
    }
    this.#frame = new Int16Array(length);
    this.#resampler?.close();
    this.#resampler = decoded === sampleRate ? undefined : this.#codecs.createResampler(decoded, sampleRate);
  }

  /** The next 20 ms. The result is valid until the next call. */
  read(nowMs: number): Int16Array {
    const frame = this.playout.read(nowMs);
    if (!this.#resampler) {
      return frame;
    }
    // The resampler may return one sample less.
    const resampled = this.#resampler.process(frame);
    const { length } = this.#frame;
    for (let i = 0; i < length; i++) {
      this.#frame[i] = resampled[i] ?? 0;
    }
    return this.#frame;
  }

  close(): void {
    this.codec.close();
    this.#resampler?.close();
  }
}
