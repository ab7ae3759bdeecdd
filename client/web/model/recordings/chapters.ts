import type { RecordingEvent } from '../../../sdk/index.ts';

/** A stretch of a recording in which one person speaks. */
export interface Chapter {
  /** Position in the recording, in milliseconds. */
  atMs: number;
  participantId: string;
  displayName: string;
}

/** Someone who speaks for less than this, in milliseconds, only threw something in. */
const MIN_MS = 3000;

/** Who speaks when, without interjections. */
export function chaptersOf(events: readonly RecordingEvent[], durationMs: number): Chapter[] {
  const names = new Map<string, string>();
  const turns: Chapter[] = [];
  let last: { atMs: number; participantId: string } | undefined;
  const end = (atMs: number) => {
    if (last && atMs - last.atMs >= MIN_MS && turns.at(-1)?.participantId !== last.participantId) {
      turns.push({ ...last, displayName: names.get(last.participantId) ?? '' });
    }
    last = undefined;
  };
  for (const event of events) {
    if (event.kind === 'joined' || event.kind === 'renamed') {
      names.set(event.participantId, event.displayName);
    } else if (event.kind === 'speaker') {
      end(event.atMs);
      last =
        event.participantId === null ? undefined : { atMs: event.atMs, participantId: event.participantId };
    }
  }
  end(durationMs);
  return turns;
}
