import type { RecordedTrack, RecordingEvent } from '../../contract/index.ts';
import type { PictureSpan } from './picture-spans.ts';

/** Frames per second of a composed video. */
export const FRAME_RATE = 30;
/** Longest stretch, in milliseconds: after a crash, a stretch that was not finished begins again. */
const MAX_STRETCH_MS = 120_000;
/** Changes less than this apart, in milliseconds, are one: a joining person and their camera, for example. */
const SAME_CHANGE_MS = 1000;
/** Most people who are shown. */
const MAX_PEOPLE = 25;

/** Somebody who is there, with their camera if it is on. */
export interface ShownPerson {
  participantId: string;
  displayName: string;
  camera: PictureSpan | undefined;
}

/** A part of the recording in which the same people, cameras and screen are shown. */
export interface Stretch {
  /** Numbers of frames; `to` is not part of it. */
  fromFrame: number;
  toFrame: number;
  /** In the order in which they joined. */
  people: ShownPerson[];
  /** The screen that is shared. */
  screen: PictureSpan | undefined;
  /** Who speaks from when on, in frames from the start of the stretch. The first one is at 0. */
  speakers: Array<{ atFrame: number; participantId: string | null }>;
}

interface Presence {
  participantId: string;
  displayName: string;
  fromMs: number;
  toMs: number;
}

export interface Timeline {
  durationMs: number;
  tracks: readonly RecordedTrack[];
  spans: readonly PictureSpan[];
  events: readonly RecordingEvent[];
}

/** Divides a recording where something else is to be shown. */
export function stretchesOf(timeline: Timeline): Stretch[] {
  const presences = presencesOf(timeline);
  const changes = [...presences, ...timeline.spans].flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
  const turns = timeline.events.filter((event) => event.kind === 'speaker');
  return intervals(changes, timeline.durationMs).map(({ fromMs, toMs }) => {
    const isIn = (span: { fromMs: number; toMs: number }) => isMostlyIn(span, { fromMs, toMs });
    const here = presences.filter(isIn).filter(isLastOf);
    const spans = timeline.spans.filter(isIn);
    const fromFrame = frameAt(fromMs);
    return {
      fromFrame,
      toFrame: frameAt(toMs),
      people: here
        .map(({ participantId, displayName }) => ({
          participantId,
          displayName,
          camera: spans.findLast(
            ({ track }) => track.source === 'camera' && track.participantId === participantId,
          ),
        }))
        .sort((a, b) => Number(b.camera !== undefined) - Number(a.camera !== undefined))
        .slice(0, MAX_PEOPLE)
        .sort((a, b) => orderOf(here, a.participantId) - orderOf(here, b.participantId)),
      screen: spans.filter(({ track }) => track.source === 'screen').sort((a, b) => b.fromMs - a.fromMs)[0],
      speakers: [
        {
          atFrame: 0,
          participantId: turns.findLast(({ atMs }) => atMs <= fromMs)?.participantId ?? null,
        },
        ...turns
          .filter(({ atMs }) => atMs > fromMs && atMs < toMs)
          .map(({ atMs, participantId }) => ({ atFrame: frameAt(atMs) - fromFrame, participantId })),
      ],
    };
  });
}

/** Who was there when: as the events say, and in any case while something of them was recorded. */
function presencesOf({ events, tracks, durationMs }: Timeline): Presence[] {
  const presences: Presence[] = [];
  /** Who is there now, by id. */
  const present = new Map<string, Presence>();
  const enter = (participantId: string, displayName: string, fromMs: number) => {
    const presence = { participantId, displayName, fromMs, toMs: Number.POSITIVE_INFINITY };
    presences.push(presence);
    present.set(participantId, presence);
  };
  for (const event of events) {
    if (event.kind !== 'joined' && event.kind !== 'left' && event.kind !== 'renamed') {
      continue;
    }
    const { kind, participantId, displayName, atMs } = event;
    const now = present.get(participantId);
    if (kind === 'joined' && !now) {
      enter(participantId, displayName, atMs);
    } else if (kind === 'left' && now) {
      now.toMs = atMs;
      present.delete(participantId);
    } else if (kind === 'renamed' && now && atMs - now.fromMs < SAME_CHANGE_MS) {
      now.displayName = displayName;
    } else if (kind === 'renamed' && now) {
      now.toMs = atMs;
      enter(participantId, displayName, atMs);
    }
  }
  for (const { participantId, displayName, offsetMs: fromMs, durationMs: lengthMs } of tracks) {
    const toMs = fromMs + lengthMs;
    const near = presences.filter(
      (each) =>
        each.participantId === participantId &&
        fromMs < each.toMs + SAME_CHANGE_MS &&
        toMs > each.fromMs - SAME_CHANGE_MS,
    );
    const [first, last] = [near[0], near.at(-1)];
    if (first && last) {
      first.fromMs = Math.min(first.fromMs, fromMs);
      last.toMs = Math.max(last.toMs, toMs);
    } else {
      presences.push({ participantId, displayName, fromMs, toMs });
    }
  }
  return presences
    .map((each) => ({ ...each, toMs: Math.min(each.toMs, durationMs) }))
    .sort((a, b) => a.fromMs - b.fromMs);
}

function intervals(changes: readonly number[], durationMs: number): Array<{ fromMs: number; toMs: number }> {
  const bounds = [0];
  const inside = changes.filter((at) => at > SAME_CHANGE_MS && at < durationMs - SAME_CHANGE_MS);
  for (const at of [...inside.sort((a, b) => a - b), durationMs]) {
    if (at - (bounds.at(-1) ?? 0) < SAME_CHANGE_MS && at !== durationMs) {
      continue;
    }
    while (at - (bounds.at(-1) ?? 0) > MAX_STRETCH_MS + SAME_CHANGE_MS) {
      bounds.push((bounds.at(-1) ?? 0) + MAX_STRETCH_MS);
    }
    bounds.push(at);
  }
  return bounds
    .slice(1)
    .map((toMs, index) => ({ fromMs: bounds[index] ?? 0, toMs }))
    .filter(({ fromMs, toMs }) => frameAt(toMs) > frameAt(fromMs));
}

function isMostlyIn(
  span: { fromMs: number; toMs: number },
  { fromMs, toMs }: { fromMs: number; toMs: number },
): boolean {
  const commonMs = Math.min(span.toMs, toMs) - Math.max(span.fromMs, fromMs);
  return commonMs > 0 && commonMs >= Math.min(SAME_CHANGE_MS, (toMs - fromMs) / 2);
}

/** Somebody who got another name, or came back at once, is shown once. */
function isLastOf({ participantId }: Presence, index: number, all: readonly Presence[]): boolean {
  return !all.slice(index + 1).some((each) => each.participantId === participantId);
}

function orderOf(people: readonly Presence[], participantId: string): number {
  return people.findIndex((each) => each.participantId === participantId);
}

function frameAt(timeMs: number): number {
  return Math.round((timeMs * FRAME_RATE) / 1000);
}
