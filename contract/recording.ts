/** Recordings, as the recorder describes them in their folders. */
import { z } from 'zod';
import { objectId } from './common.ts';
import { mediaSource } from './producers.ts';

/** What to record: `audio` leaves cameras and screens out. */
export const recordingMode = z.enum(['video', 'audio']);
export type RecordingMode = z.infer<typeof recordingMode>;

/** A stream of a participant, in a file of its own. */
export const recordedTrack = z.object({
  /** Name of the file. */
  file: z.string(),
  codec: z.enum(['opus', 'vp8', 'vp9', 'h264']),
  participantId: objectId,
  displayName: z.string(),
  source: mediaSource,
  /** Where the file begins in the recording, in milliseconds. */
  offsetMs: z.number(),
  durationMs: z.number(),
  bytes: z.number(),
  /** Whether the file was closed, with its index. */
  isComplete: z.boolean(),
});
export type RecordedTrack = z.infer<typeof recordedTrack>;

/** When nothing was recorded on purpose, in Unix time in milliseconds. */
export const recordingPause = z.object({ fromMs: z.number(), toMs: z.number().nullable() });

/** A recording as `recording.json` in its folder describes it; rewritten whenever a track begins or ends. */
export const recordingManifest = z.object({
  version: z.literal(1),
  recordingId: z.string(),
  roomId: z.string(),
  mode: recordingMode,
  /** Unix times in milliseconds. `endedAtMs`: null while it runs, and after a crash. */
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  /** Length without pauses, in milliseconds, when this was written. */
  durationMs: z.number(),
  pauses: z.array(recordingPause),
  tracks: z.array(recordedTrack),
  /** Size of `events.jsonl`, in bytes. */
  eventBytes: z.number().default(0),
});
export type RecordingManifest = z.infer<typeof recordingManifest>;

const at = { atMs: z.number() };

/** A line of `events.jsonl`: what happened beside the tracks. `atMs`: position in the recording. */
export const recordingEvent = z.discriminatedUnion('kind', [
  z.object({ ...at, kind: z.literal('joined'), participantId: objectId, displayName: z.string() }),
  z.object({ ...at, kind: z.literal('left'), participantId: objectId, displayName: z.string() }),
  /** Someone has another name from here on. */
  z.object({ ...at, kind: z.literal('renamed'), participantId: objectId, displayName: z.string() }),
  z.object({ ...at, kind: z.literal('speaker'), participantId: objectId.nullable() }),
  /** Whom moderators show large to everyone; empty: nobody. Who leaves is no longer among them. */
  z.object({ ...at, kind: z.literal('spotlight'), participantIds: z.array(objectId) }),
  z.object({ ...at, kind: z.literal('screen-started'), participantId: objectId }),
  z.object({ ...at, kind: z.literal('screen-ended'), participantId: objectId }),
]);
export type RecordingEvent = z.infer<typeof recordingEvent>;

/** How a video shows people: everyone alike, or whoever speaks large. A shared screen is large in both. */
export const compositionLayout = z.enum(['speaker', 'gallery']);
export type CompositionLayout = z.infer<typeof compositionLayout>;

/** The file: H264 and AAC, or VP9 and Opus; or sound alone, as AAC or Opus. */
export const compositionFormat = z.enum(['mp4', 'webm', 'm4a', 'opus']);
export type CompositionFormat = z.infer<typeof compositionFormat>;

/** What the server makes of recordings by itself. */
export const automaticVideo = z.enum(['off', ...compositionFormat.options]);

export function isSound(format: CompositionFormat): boolean {
  return format === 'm4a' || format === 'opus';
}

/** A file to compose. */
export interface CompositionOptions {
  compositionId: string;
  layout: CompositionLayout;
  format: CompositionFormat;
  /** With less free space on the disk, in bytes, composing ends with `RECORDING_DISK_FULL`. */
  minFreeBytes: number;
}

/** What was composed. */
export interface ComposedFile {
  bytes: number;
}

/** What the folder is called in which a file is composed, in its recording's folder. */
export function composingFolderName({ compositionId }: { compositionId: string }): string {
  return `composition-${compositionId}.work`;
}

/** What a composed file is called in its recording's folder. */
export function composedFileName({
  compositionId,
  format,
}: {
  compositionId: string;
  format: CompositionFormat;
}): string {
  return `composition-${compositionId}.${format}`;
}
