/** After this long half of the time counts no more, in milliseconds. */
const HALF_LIFE_MS = 60_000;
/** Speakers that are remembered before those who hardly spoke are forgotten, and what that is, in milliseconds. */
const MAX_SPEAKERS = 1000;
const FORGOTTEN_MS = 100;

/** For how long each speaker was heard lately. Pure; times are of one monotonic clock, in milliseconds. */
export class FloorTimes {
  readonly #heard = new Map<string, { ms: number; atMs: number }>();

  /** Heard time of a speaker, of the last minutes. */
  of(speakerId: string, nowMs: number): number {
    const heard = this.#heard.get(speakerId);
    return heard ? heard.ms * 2 ** ((heard.atMs - nowMs) / HALF_LIFE_MS) : 0;
  }

  add(speakerId: string, ms: number, nowMs: number): void {
    this.#heard.set(speakerId, { ms: this.of(speakerId, nowMs) + ms, atMs: nowMs });
    if (this.#heard.size > MAX_SPEAKERS) {
      for (const id of this.#heard.keys()) if (this.of(id, nowMs) < FORGOTTEN_MS) this.#heard.delete(id);
    }
  }
}
