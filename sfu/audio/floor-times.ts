/** Half-life of a speaker's heard time, in milliseconds. */
const HALF_LIFE_MS = 60_000;
/** Above this number of speakers, those heard for less than the second value, in milliseconds, are forgotten. */
const MAX_SPEAKERS = 1000;
const FORGOTTEN_MS = 100;

/** Tracks how long each speaker was heard recently. Pure; times are in milliseconds on one monotonic clock. */
export class FloorTimes {
  readonly #heard = new Map<string, { ms: number; atMs: number }>();

  /** How long a speaker was heard during the last few minutes, in milliseconds. */
  of(speakerId: string, nowMs: number): number {
    const heard = this.#heard.get(speakerId);
    return heard ? heard.ms * 2 ** ((heard.atMs - nowMs) / HALF_LIFE_MS) : 0;
  }

  add(speakerId: string, ms: number, nowMs: number): void {
    this.#heard.set(speakerId, { ms: this.of(speakerId, nowMs) + ms, atMs: nowMs });
    if (this.#heard.size > MAX_SPEAKERS) {
      for (const id of this.#heard.keys()) {
        if (this.of(id, nowMs) < FORGOTTEN_MS) {
          this.#heard.delete(id);
        }
      }
    }
  }
}
