import type { DtmfHandle, NativeBinding } from './native-binding.ts';

/** Detects the tones of telephone keys (DTMF) in a mono stream of 8000 Hz, by libspandsp. */
export class ToneDetector {
  readonly #binding: NativeBinding;
  readonly #handle: DtmfHandle;
  readonly #changes = new Uint8Array(16);

  constructor(binding: NativeBinding) {
    this.#binding = binding;
    this.#handle = binding.dtmfCreate();
  }

  /** Takes at most 8192 samples, and returns the changes in them: the key of a tone that begins, or null where one ends. */
  process(samples: Int16Array): Array<string | null> {
    const count = this.#binding.dtmfProcess(this.#handle, samples, this.#changes);
    return Array.from(this.#changes.subarray(0, count), (code) =>
      code === 0 ? null : String.fromCharCode(code),
    );
  }

  close(): void {
    this.#binding.dtmfClose(this.#handle);
  }
}
