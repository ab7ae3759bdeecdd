import type { AgcHandle, NativeBinding } from './native-binding.ts';
import type { GainControl } from './types.ts';

/**
 * What brings speech to −23 dBov, found with speech of −40, −26 and −12 dBov. The library's measure of loudness grows with the
 * root of the frame's length, so its target has to as well.
 */
const TARGET_LEVEL = 9_000;
const TARGET_FRAME_SAMPLES = 160;
const MAX_GAIN_DB = 20;

/** Gain control over libspeexdsp. */
export class NativeGainControl implements GainControl {
  readonly sampleRate: number;
  readonly frameSamples: number;
  readonly #binding: NativeBinding;
  readonly #handle: AgcHandle;

  constructor(binding: NativeBinding, sampleRate: number, frameSamples: number) {
    this.#binding = binding;
    const target = Math.min(
      32_767,
      Math.round(TARGET_LEVEL * Math.sqrt(frameSamples / TARGET_FRAME_SAMPLES)),
    );
    this.#handle = binding.agcCreate(sampleRate, frameSamples, target, MAX_GAIN_DB);
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
