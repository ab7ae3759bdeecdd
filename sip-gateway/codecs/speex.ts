import { FrameConcealer } from './frame-concealer.ts';
import type { SpeexBinding, SpeexHandle } from './native-binding.ts';
import { speexFrames } from './speex-payload.ts';
import type { Codec, SpeexName } from './types.ts';

/** Sample rates, which are also the clock rates (RFC 5574 §3), and layers above the narrowband frame. */
const MODES: Readonly<Record<SpeexName, { sampleRate: number; layers: number }>> = {
  'speex/8000': { sampleRate: 8_000, layers: 0 },
  'speex/16000': { sampleRate: 16_000, layers: 1 },
  'speex/32000': { sampleRate: 32_000, layers: 2 },
};
/** 15, 28 and 29 kbit/s at the three rates. */
const DEFAULT_QUALITY = 8;
const MAX_PACKET_BYTES = 1_500;
/** 120 ms. */
const MAX_FRAMES = 6;

/** Speex (RFC 5574), by libspeex, which also conceals losses. */
export class SpeexCodec implements Codec {
  readonly name: SpeexName;
  readonly sampleRate: number;
  readonly clockRate: number;
  readonly #layers: number;
  readonly #binding: SpeexBinding;
  readonly #handle: SpeexHandle;
  readonly #packet = new Uint8Array(MAX_PACKET_BYTES);
  readonly #samples: Int16Array;
  readonly #concealer: FrameConcealer;

  /** `quality`: of the encoder, 0 to 10. Default 8. */
  constructor(binding: SpeexBinding, name: SpeexName, quality = DEFAULT_QUALITY) {
    this.name = name;
    const { sampleRate, layers } = MODES[name];
    this.#layers = layers;
    this.sampleRate = sampleRate;
    this.clockRate = this.sampleRate;
    this.#binding = binding;
    this.#handle = binding.speexCreate(this.sampleRate, quality);
    const frame = this.sampleRate / 50;
    this.#samples = new Int16Array(MAX_FRAMES * frame);
    this.#concealer = new FrameConcealer(this.sampleRate, MAX_FRAMES * frame, (concealed) =>
      binding.speexConceal(this.#handle, concealed),
    );
  }

  encode(samples: Int16Array): Uint8Array {
    return this.#packet.subarray(0, this.#binding.speexEncode(this.#handle, samples, this.#packet));
  }

  decode(payload: Uint8Array): Int16Array {
    // libspeex writes to stderr about malformed payloads, so none may reach it.
    const room = this.#samples.subarray(0, (this.durationTicks(payload) * this.sampleRate) / this.clockRate);
    const out = room.subarray(0, this.#binding.speexDecode(this.#handle, payload, room));
    this.#concealer.join(out);
    return out;
  }

  conceal(samples: number): Int16Array {
    return this.#concealer.next(samples);
  }

  durationTicks(payload: Uint8Array): number {
    if (payload.length > MAX_PACKET_BYTES) {
      throw new RangeError(`a Speex payload of ${payload.length} bytes is too long`);
    }
    const frames = speexFrames(payload, this.#layers);
    if (frames > MAX_FRAMES) {
      throw new RangeError(`a Speex payload of ${frames} frames is too long`);
    }
    return (frames * this.clockRate) / 50;
  }

  reset(): void {
    this.#binding.speexReset(this.#handle);
    this.#concealer.reset();
  }

  close(): void {
    this.#binding.speexClose(this.#handle);
  }
}
