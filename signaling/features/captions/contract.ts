/** Captions: what people say, as text. */
import { z } from 'zod';
import { displayName, logged, nothing, objectId } from '../../../contract/index.ts';

/** A language (BCP 47). */
const captionLanguage = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/);

/** Captions that are on, as everyone in the room sees it. */
export const runningCaptions = z.object({
  language: captionLanguage,
  /** Unix time in milliseconds. */
  startedAtMs: z.number(),
  startedBy: displayName,
  /** `false`: the transcription service does not answer at the moment. */
  isHeard: z.boolean(),
});
export type RunningCaptions = z.infer<typeof runningCaptions>;

/** What somebody said. */
const caption = {
  participantId: objectId,
  /** One line, at most 1000 characters. Machines mishear. */
  text: z.string(),
};

export const CAPTION_REQUESTS = {
  /**
   * Starts captions: from now on, the voices in the room are sent to the operator's transcription service. Everyone in it is notified.
   * Idempotent.
   */
  'captions.start': {
    data: z.object({
      /** Language that is spoken. Default: the server's setting. */
      language: captionLanguage.optional(),
    }),
    result: nothing,
  },
  /** No voice is sent from now on. Idempotent. */
  'captions.stop': { data: nothing, result: nothing },
} as const;

export const CAPTION_EVENTS = {
  /** Captions were switched on or off; off: `captions` is null. */
  'captions.changed': logged({
    captions: runningCaptions.nullable(),
    /** The participant who did it; null: the server. */
    by: objectId.nullable(),
  }),
  /** What somebody said, finally. */
  'captions.said': logged(caption),
  /** What somebody is saying: replaces their previous one, and is replaced by `captions.said`. */
  'captions.saying': z.object(caption),
} as const;

export const CAPTION_SNAPSHOT = {
  captions: z.object({
    /** Null: they are off. */
    running: runningCaptions.nullable(),
    /** Whether the server has a transcription service. */
    isAvailable: z.boolean(),
  }),
} as const;

type CaptionRequests = typeof CAPTION_REQUESTS;
type CaptionEvents = typeof CAPTION_EVENTS;
type CaptionSnapshot = typeof CAPTION_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends CaptionRequests {}
  interface Events extends CaptionEvents {}
  interface SnapshotParts extends CaptionSnapshot {}
}
