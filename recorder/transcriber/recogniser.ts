import type { HeardText } from '../captions/index.ts';

/** Turns voices into text. */
export interface Recogniser {
  /** @param heard called during take() and end() */
  stream(heard: (text: HeardText) => void): VoiceRecogniser;
}

/** Recognises one voice. */
export interface VoiceRecogniser {
  /** Takes samples of 16 kHz from -1 to 1. */
  take(samples: Float32Array): void;
  /** The voice has ended: says what is left. */
  end(): void;
}
