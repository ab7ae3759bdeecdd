/** Heard time loses half its weight after this long, in milliseconds. */
const HALF_LIFE_MS = 60_000;
/** Above this number of speakers, those heard for less than the time below (in milliseconds) are forgotten. */
const MAX_SPEAKERS = 1000;
const FORGOTTEN_MS = 100;

/** How long each speaker was heard recently. Pure; times are in milliseconds of one monotonic clock. */
export class FloorTimes {
  readonly #heard = new Map<string, { ms: number; atMs: number }>();

  /** How long a speaker was heard during the last minutes. */
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
