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
    let position = unixMs - this.startedAtMs;
    if (position < 0) {
      return undefined;
    }
    for (const { fromMs, toMs } of this.#pauses) {
      if (unixMs < fromMs) {
        break;
      }
      if (unixMs < toMs) {
        return undefined;
      }
      position -= toMs - fromMs;
    }
    return position;
  }

  /** Length of the recording at a moment, in milliseconds. */
  lengthAt(unixMs: number): number {
    const last = this.#pauses.at(-1);
    const until = last && unixMs >= last.fromMs && unixMs < last.toMs ? last.fromMs - 1e-6 : unixMs;
    return Math.max(0, this.positionOf(until) ?? 0);
  }
}
