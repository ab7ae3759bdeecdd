/** Videos and sounds that are made of recordings. Their bytes go over HTTP. */
import { z } from 'zod';
import { compositionFormat, compositionLayout, nothing, objectId, roomId } from '../../../contract/index.ts';

/** What to make of a recording. */
export const compositionChoice = z.object({
  format: compositionFormat.default('mp4').describe('`m4a` and `opus` are sound alone.'),
  layout: compositionLayout.default('speaker').describe('Without effect on sound.'),
});
export type CompositionChoice = z.infer<typeof compositionChoice>;

export const compositionInfo = z.object({
  compositionId: objectId,
  format: compositionFormat,
  layout: compositionLayout,
  status: z.enum(['queued', 'running', 'done', 'failed']),
  percent: z.int().min(0).max(100).describe('Progress, in percent.'),
  bytes: z.number().describe('Size in bytes; 0 until it is done.'),
  error: z.string().nullable().describe('Code of the error if it failed; else null.'),
});
export type CompositionInfo = z.infer<typeof compositionInfo>;

const place = { roomId, recordingId: objectId };

export const COMPOSITION_REQUESTS = {
  /**
   * Has a video, or sound alone, made of a recording that has ended. It waits for others to be finished. Asking for the same again returns what
   * there is, or tries again if it failed.
   */
  'recording.compose': { data: z.object({ ...place, ...compositionChoice.shape }), result: compositionInfo },
  /** Cancels a composition if it is unfinished, and deletes its file. Idempotent. */
  'recording.deleteComposition': { data: z.object({ ...place, compositionId: objectId }), result: nothing },
} as const;

export const COMPOSITION_EVENTS = {
  /** Progress of a video, or null: it was deleted. For those in the room who may see its recordings. */
  'recording.composition': z.object({
    recordingId: objectId,
    compositionId: objectId,
    composition: compositionInfo.nullable(),
  }),
} as const;

type CompositionRequests = typeof COMPOSITION_REQUESTS;
type CompositionEvents = typeof COMPOSITION_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends CompositionRequests {}
  interface Events extends CompositionEvents {}
}
