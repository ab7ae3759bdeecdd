import type { G722Handle, NativeBinding } from './native-binding.ts';
import type { Codec } from './types.ts';
import { WaveformConcealer } from './waveform-concealer.ts';

const SAMPLE_RATE = 16_000;
const MAX_BYTES = 4_096;

/** G.722 at 64 kbit/s, by libspandsp. One byte is two samples at 16 kHz and one tick of the 8 kHz RTP clock. */
export class G722Codec implements Codec {
  readonly name = 'G722';
  readonly sampleRate = SAMPLE_RATE;
  readonly clockRate = 8_000;
  readonly #binding: NativeBinding;
  readonly #handle: G722Handle;
  readonly #payload = new Uint8Array(MAX_BYTES);
  readonly #samples = new Int16Array(2 * MAX_BYTES);
  readonly #concealer = new WaveformConcealer(SAMPLE_RATE);
  #closed = false;

  constructor(binding: NativeBinding) {
    this.#binding = binding;
    this.#handle = binding.g722Create();
  }

  encode(samples: Int16Array): Uint8Array {
    return this.#payload.subarray(0, this.#binding.g722Encode(this.#handle, samples, this.#payload));
  }

  decode(payload: Uint8Array): Int16Array {
    const out = this.#samples.subarray(0, this.#binding.g722Decode(this.#handle, payload, this.#samples));
    this.#concealer.heard(out);
    return out;
  }

  conceal(samples: number): Int16Array {
    if (this.#closed) {
      throw new RangeError('the codec is closed');
    }
    return this.#concealer.conceal(samples);
  }

  durationTicks(payload: Uint8Array): number {
    if (payload.length >= 1 && payload.length <= MAX_BYTES) {
      return payload.length;
    }
    throw new RangeError(`a G.722 payload has 1 to ${MAX_BYTES} bytes, not ${payload.length}`);
  }

  reset(): void {
    this.#binding.g722Reset(this.#handle);
    this.#concealer.reset();
  }

  close(): void {
    this.#closed = true;
    this.#binding.g722Close(this.#handle);
  }
}
