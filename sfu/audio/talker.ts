import { NoiseFloor } from './noise-floor.ts';

/** How far above the noise of a microphone its speech is at least, in dB. */
const SPEECH_MARGIN_DB = 10;
/** What a packet usually carries, in milliseconds. */
export const PACKET_MS = 20;
/** Share of the newest packet in the loudness: it follows within some 400 ms. */
const NEWEST_SHARE = 0.05;
/** How long somebody still speaks after the last loud packet, in milliseconds: least, most, and for each millisecond spoken. */
const HANGOVER = { leastMs: 100, mostMs: 500, share: 2 };
/** A spurt of less is a click and not a word, one of more is speech, in milliseconds. */
const CLICK_MS = 100;
const WORD_MS = 200;
/** After so many clicks in a row a microphone must be loud for this long before it counts: somebody is typing. */
const CLICKS_OF_A_TYPIST = 3;
const PROOF_OF_A_TYPIST_MS = 60;

/** One microphone: when it speaks, and how loud. Pure; times are of one monotonic clock, in milliseconds. */
export class Talker {
  readonly id: string;
  /** The speaker; several microphones may belong to one. */
  readonly speakerId: string;
  /** Muted: it sends nothing. */
  paused: boolean;
  readonly #floor = new NoiseFloor();
  #lastLoudAtMs = Number.NEGATIVE_INFINITY;
  /** Loud packets of the present spurt, or the last one. */
  #spurtMs = 0;
  #loudnessDbov = 0;
  #clicks = 0;
  #lastSpokeAtMs: number | null = null;

  constructor(id: string, paused: boolean, speakerId = id) {
    this.id = id;
    this.speakerId = speakerId;
    this.paused = paused;
  }

  /** When its last loud packet came; −Infinity: never. */
  get lastLoudAtMs(): number {
    return this.#lastLoudAtMs;
  }

  /** When it last said a word at least, clicks left out; null: not yet. */
  get lastSpokeAtMs(): number | null {
    return this.#lastSpokeAtMs;
  }

  /** How long it has been loud since it began to speak, its pauses for breath left out. */
  get spurtMs(): number {
    return this.#spurtMs;
  }

  /** Mean level of its loud packets since it began to speak, the last 400 ms above all, in dBov. */
  get loudnessDbov(): number {
    return this.#loudnessDbov;
  }

  /** Takes in the level of a packet, in dBov; returns whether it is loud. */
  hear(dbov: number, nowMs: number): boolean {
    const loud = dbov >= this.#floor.dbov + SPEECH_MARGIN_DB;
    this.#floor.note(dbov, nowMs);
    const spurtGoesOn = this.#withinSpurt(nowMs);
    if (!loud) {
      return false;
    }
    if (!spurtGoesOn) {
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

  /** Whether it speaks, pauses for breath included. */
  speaks(nowMs: number): boolean {
    const proven = this.#clicks < CLICKS_OF_A_TYPIST || this.#spurtMs >= PROOF_OF_A_TYPIST_MS;
    return proven && !this.paused && this.#withinSpurt(nowMs);
  }

  #begin(dbov: number): void {
    if (this.#spurtMs > 0 && this.#spurtMs < CLICK_MS) {
      this.#clicks += 1;
    }
    this.#spurtMs = 0;
    this.#loudnessDbov = dbov;
  }

  #withinSpurt(nowMs: number): boolean {
    const { leastMs, mostMs, share } = HANGOVER;
    return nowMs - this.#lastLoudAtMs <= Math.min(mostMs, leastMs + share * this.#spurtMs);
  }
}
