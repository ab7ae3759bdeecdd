import type { Codecs, Resampler, ToneDetector } from '../../codecs/index.ts';
import { DTMF_KEYS, type DtmfKey } from './events.ts';
import type { KeyPress } from './telephone-event-receiver.ts';

const DETECTOR_RATE = 8000;
const FRAME_MS = 20;
const NONE: readonly KeyPress[] = [];

/** Receives keys as tones in the voice, from phones that negotiated no telephone-event. */
export class InBandReceiver {
  readonly #detector: ToneDetector;
  readonly #resampler: Resampler | undefined;
  readonly #silence: Int16Array;
  #pressed: { key: DtmfKey; frames: number } | undefined;

  private constructor(codecs: Codecs, detector: ToneDetector, sampleRate: number) {
    this.#detector = detector;
    this.#silence = new Int16Array(sampleRate / 50);
    if (sampleRate !== DETECTOR_RATE) {
      this.#resampler = codecs.createResampler(sampleRate, DETECTOR_RATE);
    }
  }

  /** Undefined if the add-on of codecs is missing. `sampleRate`: of the frames, in Hz. */
  static create(codecs: Codecs, sampleRate: number): InBandReceiver | undefined {
    const detector = codecs.createToneDetector();
    return detector && new InBandReceiver(codecs, detector, sampleRate);
  }

  /** Takes the next 20 ms of the phone, null for silence; returns new key events, often none. */
  receive(frame: Int16Array | null): readonly KeyPress[] {
    const samples = frame ?? this.#silence;
    const changes = this.#detector.process(this.#resampler?.process(samples) ?? samples);
    if (this.#pressed) {
      this.#pressed.frames += 1;
    }
    if (changes.length === 0) {
      return NONE;
    }
    return changes.flatMap((change) => {
      const released = this.#release();
      const key = DTMF_KEYS.find((each) => each === change);
      if (key === undefined) {
        return released;
      }
      this.#pressed = { key, frames: 0 };
      return [...released, { key, state: 'down', durationMs: 0 }];
    });
  }

  close(): void {
    this.#detector.close();
    this.#resampler?.close();
  }

  #release(): KeyPress[] {
    const pressed = this.#pressed;
    this.#pressed = undefined;
    return pressed ? [{ key: pressed.key, state: 'up', durationMs: pressed.frames * FRAME_MS }] : [];
  }
}
