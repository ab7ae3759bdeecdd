/** Translates wall-clock time into positions in the recording, which leave its pauses out. */
export class RecordingClock {
  readonly startedAtMs: number;
  readonly #pauses: Array<{ fromMs: number; toMs: number }> = [];

  /** @param startedAtMs Unix time in milliseconds */
  constructor(startedAtMs: number, pauses: ReadonlyArray<{ fromMs: number; toMs: number | null }> = []) {
    this.startedAtMs = startedAtMs;
    for (const { fromMs, toMs } of pauses) {
      this.#pauses.push({ fromMs, toMs: toMs ?? Number.POSITIVE_INFINITY });
    }
  }

  get isPaused(): boolean {
    return this.#pauses.at(-1)?.toMs === Number.POSITIVE_INFINITY;
  }

  /** Pauses so far; the last one may last. Unix times in milliseconds. */
  get pauses(): Array<{ fromMs: number; toMs: number | null }> {
    return this.#pauses.map(({ fromMs, toMs }) => ({ fromMs, toMs: Number.isFinite(toMs) ? toMs : null }));
  }

  pause(atMs: number): void {
    if (!this.isPaused) {
      this.#pauses.push({ fromMs: atMs, toMs: Number.POSITIVE_INFINITY });
    }
  }

  resume(atMs: number): void {
    const last = this.#pauses.at(-1);
    if (last && this.isPaused) {
      last.toMs = atMs;
    }
  }

  /** Position of a moment in the recording, in milliseconds; undefined: before its start, or in a pause. */
  positionOf(unixMs: number): number | undefined {
    const isLeftOut =
      unixMs < this.startedAtMs || this.#pauses.some(({ fromMs, toMs }) => unixMs >= fromMs && unixMs < toMs);
    return isLeftOut ? undefined : this.lengthAt(unixMs);
  }

  /** Length of the recording at a moment, in milliseconds. It stays the same during a pause. */
  lengthAt(unixMs: number): number {
    const pausedMs = this.#pauses.reduce(
      (sum, { fromMs, toMs }) =>
        sum + Math.max(0, Math.min(toMs, unixMs) - Math.max(fromMs, this.startedAtMs)),
      0,
    );
    return Math.max(0, unixMs - this.startedAtMs - pausedMs);
  }
}
