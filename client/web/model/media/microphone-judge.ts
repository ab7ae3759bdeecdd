/** What the user should know about their microphone. */
export type MicrophoneHint = 'speaking-muted' | 'silent' | 'muted-by-system';

/** A moment of the microphone, some ten times per second. */
export interface MicrophoneSample {
  nowMs: number;
  /** Highest absolute value of the samples, 0 to 1. */
  peak: number;
  /** Root mean square in dBFS. */
  levelDb: number;
  /** Muted by the user. */
  muted: boolean;
  /** Muted by the system: the browser delivers silence. */
  mutedBySystem: boolean;
}

/** Speech is louder than this after noise suppression. */
const SPEECH_DB = -45;
/** Speech must last this long, in milliseconds: a cough or a door does not count. */
const SPEECH_MS = 500;
/** A pause between words, in milliseconds. */
const PAUSE_MS = 400;
/** How long the hint stays after the last word, and how long it is not repeated after that, in milliseconds. */
const SPOKE_MS = 5000;
const REPEAT_MS = 30_000;
/** Half a step of 16-bit samples: nothing but digital silence is below. Even a quiet room makes a microphone's last bit flicker. */
const SILENCE = 2 ** -16;
const SILENT_MS = 10_000;
/** Systems mute for a moment when devices change. */
const SYSTEM_MS = 1000;

/** Notices when a microphone does not do what its user expects: they speak while muted, or nothing comes although they are not. */
export class MicrophoneJudge {
  #silentSinceMs: number | undefined;
  #systemSinceMs: number | undefined;
  #speakingSinceMs = 0;
  #lastLoudMs = Number.NEGATIVE_INFINITY;
  /** When the user last spoke while muted. */
  #spokeMs = Number.NEGATIVE_INFINITY;
  #quietUntilMs = Number.NEGATIVE_INFINITY;

  judge(sample: MicrophoneSample): MicrophoneHint | undefined {
    const { nowMs, muted, mutedBySystem } = sample;
    this.#systemSinceMs = mutedBySystem ? (this.#systemSinceMs ?? nowMs) : undefined;
    if (this.#systemSinceMs !== undefined) {
      this.#silentSinceMs = undefined;
      return !muted && nowMs - this.#systemSinceMs >= SYSTEM_MS ? 'muted-by-system' : undefined;
    }
    const speaking = muted && this.#isSpeaking(sample);
    this.#silentSinceMs = !muted && sample.peak < SILENCE ? (this.#silentSinceMs ?? nowMs) : undefined;
    if (!muted) {
      this.#lastLoudMs = Number.NEGATIVE_INFINITY;
      this.#spokeMs = Number.NEGATIVE_INFINITY;
      const isSilent = this.#silentSinceMs !== undefined && nowMs - this.#silentSinceMs >= SILENT_MS;
      return isSilent ? 'silent' : undefined;
    }
    const isShown = nowMs - this.#spokeMs < SPOKE_MS;
    if (speaking && (isShown || nowMs >= this.#quietUntilMs)) {
      this.#spokeMs = nowMs;
      this.#quietUntilMs = nowMs + SPOKE_MS + REPEAT_MS;
    }
    return nowMs - this.#spokeMs < SPOKE_MS ? 'speaking-muted' : undefined;
  }

  #isSpeaking({ nowMs, levelDb }: MicrophoneSample): boolean {
    if (levelDb < SPEECH_DB) {
      return false;
    }
    if (nowMs - this.#lastLoudMs > PAUSE_MS) {
      this.#speakingSinceMs = nowMs;
    }
    this.#lastLoudMs = nowMs;
    return nowMs - this.#speakingSinceMs >= SPEECH_MS;
  }
}
