import { NoiseFloor } from './noise-floor.ts';

/** Minimum level of speech above the microphone's noise floor, in dB. */
const SPEECH_MARGIN_DB = 10;
/** Usual duration of a packet, in milliseconds. */
export const PACKET_MS = 20;
/** Weight of the newest packet in the loudness, which thus follows within some 400 ms. */
const NEWEST_SHARE = 0.05;
/** How long speech is considered to continue after the last loud packet, in milliseconds: minimum, maximum, and per millisecond spoken. */
const HANGOVER = { minMs: 100, maxMs: 500, share: 2 };
/** A spurt shorter than the first value is a click, one longer than the second is speech, in milliseconds. */
const CLICK_MS = 100;
const WORD_MS = 200;
/**
 * After this many clicks in a row (someone is typing), a microphone must be loud for the second value, in milliseconds, to count as
 * speaking.
 */
const TYPING_CLICKS = 3;
const TYPING_MIN_SPURT_MS = 60;

/** One microphone: whether someone is speaking, and how loud. Pure; times are in milliseconds on one monotonic clock. */
export class Talker {
  readonly id: string;
  /** The speaker, who may use several microphones. */
  readonly speakerId: string;
  /** Muted: sends nothing. */
  paused: boolean;
  readonly #floor = new NoiseFloor();
  #lastLoudAtMs = Number.NEGATIVE_INFINITY;
  /** Duration of the loud packets in the current or last spurt. */
  #spurtMs = 0;
  #loudnessDbov = 0;
  #clicks = 0;
  #lastSpokeAtMs: number | null = null;

  constructor(id: string, paused: boolean, speakerId = id) {
    this.id = id;
    this.speakerId = speakerId;
    this.paused = paused;
  }

  /** When the last loud packet arrived; −Infinity: never. */
  get lastLoudAtMs(): number {
    return this.#lastLoudAtMs;
  }

  /** When it last carried at least a word, ignoring clicks; null: not yet. */
  get lastSpokeAtMs(): number | null {
    return this.#lastSpokeAtMs;
  }

  /** How long the current spurt has been loud, without pauses for breath. */
  get spurtMs(): number {
    return this.#spurtMs;
  }

  /** Mean level of the loud packets of the current spurt, in dBov, weighted towards the last 400 ms. */
  get loudnessDbov(): number {
    return this.#loudnessDbov;
  }

  /** Processes the level of a packet, in dBov. Returns whether it is loud. */
  hear(dbov: number, nowMs: number): boolean {
    const loud = dbov >= this.#floor.dbov + SPEECH_MARGIN_DB;
    this.#floor.add(dbov, nowMs);
    const continues = this.#withinSpurt(nowMs);
    if (!loud) {
      return false;
    }
    if (!continues) {
      this.#begin(dbov);
    }
    this.#loudnessDbov += (dbov - this.#loudnessDbov) * NEWEST_SHARE;
    this.#spurtMs += PACKET_MS;
    this.#lastLoudAtMs = nowMs;
    if (this.#spurtMs >= WORD_MS) {
      this.#clicks = 0;
      this.#lastSpokeAtMs = nowMs;
    }
    return true;
  }

  /** Whether someone is speaking, including pauses for breath. */
  speaks(nowMs: number): boolean {
    const isSpeech = this.#clicks < TYPING_CLICKS || this.#spurtMs >= TYPING_MIN_SPURT_MS;
    return isSpeech && !this.paused && this.#withinSpurt(nowMs);
  }

  #begin(dbov: number): void {
    if (this.#spurtMs > 0 && this.#spurtMs < CLICK_MS) {
      this.#clicks += 1;
    }
    this.#spurtMs = 0;
    this.#loudnessDbov = dbov;
  }

  #withinSpurt(nowMs: number): boolean {
    const { minMs, maxMs, share } = HANGOVER;
    return nowMs - this.#lastLoudAtMs <= Math.min(maxMs, minMs + share * this.#spurtMs);
  }
}
