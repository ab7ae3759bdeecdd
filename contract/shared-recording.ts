/** A recording that is shared by a link, over HTTP. */
import { z } from 'zod';
import { objectId } from './common.ts';
import { compositionFormat, recordedTrack } from './recording.ts';
import { roomTitle } from './rooms.ts';

export const sharedRecordingRequest = z.object({
  /** The part of the link after `#/recording/`. */
  secret: z.string().min(1).max(100),
});

/** A recording as someone with a link sees it. */
export const sharedRecording = z.object({
  /** The room's title. */
  title: roomTitle.nullable(),
  /** Unix times in milliseconds. */
  startedAtMs: z.number(),
  expiresAtMs: z.number(),
  durationMs: z.number(),
  /** `url`: path on this server. It stops working with the link, or after six hours. */
  tracks: z.array(recordedTrack.extend({ url: z.string() })),
  /** Finished videos of the recording, the oldest first; `url` as for tracks. */
  compositions: z.array(
    z.object({ compositionId: objectId, format: compositionFormat, bytes: z.number(), url: z.string() }),
  ),
  /** What happened meanwhile, one JSON object a line. */
  eventsUrl: z.string(),
});
export type SharedRecording = z.infer<typeof sharedRecording>;
