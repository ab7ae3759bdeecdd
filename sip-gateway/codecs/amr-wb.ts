import { frameHead, MAX_MODE, readAmrWb, writeAmrWb } from './amr-wb-payload.ts';
import { FrameConcealer } from './frame-concealer.ts';
import type { AmrWbBinding, AmrWbHandle } from './native-binding.ts';
import type { AmrWbName, AmrWbSettings, Codec } from './types.ts';

const SAMPLE_RATE = 16_000;
const FRAME_SAMPLES = SAMPLE_RATE / 50;
const FRAME_BYTES = 61;
/** 120 ms. */
const MAX_FRAMES = 6;
const ALL_MODES = Array.from({ length: MAX_MODE + 1 }, (_, mode) => mode);
const NO_DATA = 15;

/** AMR-WB (RFC 4867), by libopencore-amrwb, which also conceals losses, and libvo-amrwbenc. */
export class AmrWbCodec implements Codec {
  readonly name: AmrWbName;
  readonly sampleRate = SAMPLE_RATE;
  readonly clockRate = SAMPLE_RATE;
  readonly #octetAligned: boolean;
  readonly #binding: AmrWbBinding;
  readonly #handle: AmrWbHandle;
  readonly #modes: readonly number[];
  readonly #changePeriod: number;
  readonly #toNeighbours: boolean;
  readonly #samples = new Int16Array(MAX_FRAMES * FRAME_SAMPLES);
  readonly #concealer: FrameConcealer;
  /** Index in the modes, and the one to go to. */
  #mode: number;
  #wanted: number;
  /** Frames encoded so far. */
  #encoded = 0;
  #requested: number | undefined;

  constructor(binding: AmrWbBinding, name: AmrWbName, settings: AmrWbSettings = {}) {
    const { modes = ALL_MODES, changePeriod = 1, toNeighbours = false } = settings;
    this.name = name;
    this.#octetAligned = name === 'AMR-WB/octet-align';
    this.#modes = [...new Set(modes)].sort((a, b) => a - b);
    if (this.#modes.length === 0 || !this.#modes.every((mode) => ALL_MODES.includes(mode))) {
      throw new RangeError(`modes of AMR-WB are 0 to ${MAX_MODE}, not ${modes}`);
    }
    this.#changePeriod = changePeriod;
    this.#toNeighbours = toNeighbours;
    this.#mode = this.#modes.length - 1;
    this.#wanted = this.#mode;
    this.#binding = binding;
    this.#handle = binding.amrwbCreate();
    this.#concealer = new FrameConcealer(SAMPLE_RATE, MAX_FRAMES * FRAME_SAMPLES, (frame) =>
      binding.amrwbDecode(this.#handle, frameHead(NO_DATA), frame),
    );
  }

  get requestedMode(): number | undefined {
    return this.#requested;
  }

  requestMode(mode: number): void {
    this.#wanted = Math.max(
      0,
      this.#modes.findLastIndex((each) => each <= mode),
    );
  }

  encode(samples: Int16Array): Uint8Array {
    const frames = samples.length / FRAME_SAMPLES;
    if (!Number.isInteger(frames) || frames < 1 || frames > MAX_FRAMES) {
      throw new RangeError(`${samples.length} samples are not 1 to ${MAX_FRAMES} frames of ${FRAME_SAMPLES}`);
    }
    const encoded = Array.from({ length: frames }, (_, i) =>
      this.#encodeFrame(samples.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)),
    );
    return writeAmrWb(encoded, this.#octetAligned);
  }

  decode(payload: Uint8Array): Int16Array {
    const { request, frames } = readAmrWb(payload, this.#octetAligned);
    for (const [i, frame] of frames.entries()) {
      this.#binding.amrwbDecode(this.#handle, frame, this.#samples.subarray(i * FRAME_SAMPLES));
    }
    this.#requested = request;
    const out = this.#samples.subarray(0, frames.length * FRAME_SAMPLES);
    this.#concealer.join(out);
    return out;
  }

  conceal(samples: number): Int16Array {
    return this.#concealer.next(samples);
  }

  durationTicks(payload: Uint8Array): number {
    return readAmrWb(payload, this.#octetAligned).frames.length * FRAME_SAMPLES;
  }

  reset(): void {
    this.#binding.amrwbReset(this.#handle);
    this.#concealer.reset();
    this.#requested = undefined;
  }

  close(): void {
    this.#binding.amrwbClose(this.#handle);
  }

  #encodeFrame(samples: Int16Array): Uint8Array {
    if (this.#mode !== this.#wanted && this.#encoded % this.#changePeriod === 0) {
      this.#mode = this.#toNeighbours ? this.#mode + Math.sign(this.#wanted - this.#mode) : this.#wanted;
    }
    this.#encoded++;
    const frame = new Uint8Array(FRAME_BYTES);
    frame.set(frameHead(this.#modes[this.#mode] as number));
    return frame.subarray(0, this.#binding.amrwbEncode(this.#handle, samples, frame));
  }
}
