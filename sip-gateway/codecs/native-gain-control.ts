import type { AgcHandle, NativeBinding } from './native-binding.ts';
import type { GainControl } from './types.ts';

/** Loudness that speech is brought to, as a sample value: about −18 dBov. */
const TARGET_LEVEL = 4_000;
const MAX_GAIN_DB = 20;

/** Gain control over libspeexdsp. */
export class NativeGainControl implements GainControl {
  readonly sampleRate: number;
  readonly frameSamples: number;
  readonly #binding: NativeBinding;
  readonly #handle: AgcHandle;

  constructor(binding: NativeBinding, sampleRate: number, frameSamples: number) {
    this.#binding = binding;
    this.#handle = binding.agcCreate(sampleRate, frameSamples, TARGET_LEVEL, MAX_GAIN_DB);
    this.sampleRate = sampleRate;
    this.frameSamples = frameSamples;
  }

  process(samples: Int16Array): number {
    return this.#binding.agcProcess(this.#handle, samples);
  }

  close(): void {
    this.#binding.agcClose(this.#handle);
  }
}
