import type { GsmBinding, GsmHandle } from './native-binding.ts';
import type { Codec } from './types.ts';
import { WaveformConcealer } from './waveform-concealer.ts';

const SAMPLE_RATE = 8_000;
const FRAME_BYTES = 33;
const FRAME_SAMPLES = 160;
/** 120 ms. */
const MAX_FRAMES = 6;

/** GSM 06.10 full rate at 13 kbit/s, by libgsm (RFC 3551 §4.5.8). It conceals no losses itself. */
export class GsmCodec implements Codec {
  readonly name = 'GSM';
  readonly sampleRate = SAMPLE_RATE;
  readonly clockRate = SAMPLE_RATE;
  readonly #binding: GsmBinding;
  readonly #handle: GsmHandle;
  readonly #payload = new Uint8Array(MAX_FRAMES * FRAME_BYTES);
  readonly #samples = new Int16Array(MAX_FRAMES * FRAME_SAMPLES);
  readonly #concealer = new WaveformConcealer(SAMPLE_RATE);
  #closed = false;

  constructor(binding: GsmBinding) {
    this.#binding = binding;
    this.#handle = binding.gsmCreate();
  }

  encode(samples: Int16Array): Uint8Array {
    return this.#payload.subarray(0, this.#binding.gsmEncode(this.#handle, samples, this.#payload));
  }

  decode(payload: Uint8Array): Int16Array {
    const out = this.#samples.subarray(0, this.#binding.gsmDecode(this.#handle, payload, this.#samples));
    this.#concealer.heard(out);
    return out;
  }

  conceal(samples: number): Int16Array {
    if (this.#closed) {
      throw new RangeError('the codec is closed');
    }
    return this.#concealer.conceal(samples);
  }

  durationTicks({ length }: Uint8Array): number {
    const frames = length / FRAME_BYTES;
    if (Number.isInteger(frames) && frames >= 1 && frames <= MAX_FRAMES) {
      return frames * FRAME_SAMPLES;
    }
    throw new RangeError(
      `a GSM payload has 1 to ${MAX_FRAMES} frames of ${FRAME_BYTES} bytes, not ${length} bytes`,
    );
  }

  reset(): void {
    this.#binding.gsmReset(this.#handle);
    this.#concealer.reset();
  }

  close(): void {
    this.#closed = true;
    this.#binding.gsmClose(this.#handle);
  }
}
