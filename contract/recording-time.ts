/** When something was recorded, and where that is in the recording: pauses are left out of it. */
export interface RecordingTimes {
  /** Unix time in milliseconds. */
  startedAtMs: number;
  /** Unix times in milliseconds. `toMs`: null while it lasts. */
  pauses: ReadonlyArray<{ fromMs: number; toMs: number | null }>;
}

/** Position of a moment in the recording, in milliseconds; undefined: before its start, or in a pause. */
export function positionOf(times: RecordingTimes, unixMs: number): number | undefined {
  const isLeftOut =
    unixMs < times.startedAtMs ||
    times.pauses.some(({ fromMs, toMs }) => unixMs >= fromMs && unixMs < (toMs ?? Number.POSITIVE_INFINITY));
  return isLeftOut ? undefined : lengthAt(times, unixMs);
}

/** Length of the recording at a moment, in milliseconds. It stays the same during a pause. */
export function lengthAt({ startedAtMs, pauses }: RecordingTimes, unixMs: number): number {
  const pausedMs = pauses.reduce((sum, { fromMs, toMs }) => {
    const untilMs = Math.min(toMs ?? Number.POSITIVE_INFINITY, unixMs);
    return sum + Math.max(0, untilMs - Math.max(fromMs, startedAtMs));
  }, 0);
  return Math.max(0, unixMs - startedAtMs - pausedMs);
}
