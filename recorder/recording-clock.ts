import { lengthAt, positionOf, type RecordingTimes } from '../contract/index.ts';

/** Translates wall-clock time into positions in the recording, which leave its pauses out. */
export class RecordingClock implements RecordingTimes {
  readonly startedAtMs: number;
  readonly #pauses: Array<{ fromMs: number; toMs: number | null }>;

  /** @param startedAtMs Unix time in milliseconds */
  constructor(startedAtMs: number, pauses: RecordingTimes['pauses'] = []) {
    this.startedAtMs = startedAtMs;
    this.#pauses = pauses.map((pause) => ({ ...pause }));
  }

  get isPaused(): boolean {
    return this.#pauses.at(-1)?.toMs === null;
  }

  /** Pauses so far; the last one may last. Unix times in milliseconds. */
  get pauses(): Array<{ fromMs: number; toMs: number | null }> {
    return this.#pauses.map((pause) => ({ ...pause }));
  }

  pause(atMs: number): void {
    if (!this.isPaused) {
      this.#pauses.push({ fromMs: atMs, toMs: null });
    }
  }

  resume(atMs: number): void {
    const last = this.#pauses.at(-1);
    if (last?.toMs === null) {
      last.toMs = atMs;
    }
  }

  /** Position of a moment in the recording, in milliseconds; undefined: before its start, or in a pause. */
  positionOf(unixMs: number): number | undefined {
    return positionOf(this, unixMs);
  }

  /** Length of the recording at a moment, in milliseconds. It stays the same during a pause. */
  lengthAt(unixMs: number): number {
    return lengthAt(this, unixMs);
  }
}
