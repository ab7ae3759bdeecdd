import { OPUS_CLOCK_RATE, OPUS_MAX_TICKS, opusDurationTicks, opusHasFec } from '../../base/rtp/index.ts';
import type { NativeBinding, OpusHandle } from './native-binding.ts';
import { opusConcealSamples } from './opus-rates.ts';
import { DEFAULT_SETTINGS, encoderRequests } from './opus-settings.ts';
import type { OpusCodec, OpusSettings } from './types.ts';

/** Opus by libopus. Encoder and decoder are created on first use. */
export class NativeOpusCodec implements OpusCodec {
  readonly name = 'opus';
  readonly clockRate = OPUS_CLOCK_RATE;
  readonly sampleRate: number;
  readonly #binding: NativeBinding;
  readonly #handle: OpusHandle;
  readonly #packet = new Uint8Array(1_500);
  readonly #samples: Int16Array;

  constructor(binding: NativeBinding, sampleRate: number, settings: OpusSettings = {}) {
    this.#binding = binding;
    this.#handle = binding.opusCreate(sampleRate);
    this.sampleRate = sampleRate;
    this.#samples = new Int16Array((OPUS_MAX_TICKS * sampleRate) / OPUS_CLOCK_RATE);
    this.configure({ ...DEFAULT_SETTINGS, ...settings });
  }

  configure(settings: OpusSettings): void {
    for (const [request, value] of encoderRequests(settings)) {
      this.#binding.opusControl(this.#handle, request, value);
    }
  }

  encode(samples: Int16Array): Uint8Array {
    return this.#packet.subarray(0, this.#binding.opusEncode(this.#handle, samples, this.#packet));
  }

  decode(payload: Uint8Array): Int16Array {
    return this.#samples.subarray(0, this.#binding.opusDecode(this.#handle, payload, this.#samples, false));
  }

  decodeFec(next: Uint8Array, samples: number): Int16Array {
    const out = this.#samples.subarray(0, opusConcealSamples(samples, this.sampleRate));
    return out.subarray(0, this.#binding.opusDecode(this.#handle, next, out, true));
  }

  conceal(samples: number): Int16Array {
    const out = this.#samples.subarray(0, opusConcealSamples(samples, this.sampleRate));
    return out.subarray(0, this.#binding.opusConceal(this.#handle, out));
  }

  hasFec(payload: Uint8Array): boolean {
    return opusHasFec(payload);
  }

  durationTicks(payload: Uint8Array): number {
    return opusDurationTicks(payload);
  }

  reset(): void {
    this.#binding.opusReset(this.#handle);
  }

  close(): void {
    this.#binding.opusClose(this.#handle);
  }
}
