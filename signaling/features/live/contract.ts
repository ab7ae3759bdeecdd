/** Live streams: a room's composed picture and sound, to an RTMP server or as HLS. */
import { z } from 'zod';
import { displayName, logged, nothing, objectId } from '../../../contract/index.ts';

/** The key of a stream at an RTMP server: one part of a path, so that it does not lead to another application there. */
const streamKey = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[!$-.0-~]+$/);

/** Why a live stream has ended: somebody stopped it, everyone has left, or it failed too often. */
const liveEnd = z.enum(['stopped', 'empty', 'failed']);
export type LiveEnd = z.infer<typeof liveEnd>;

/** A live stream that runs, as everyone in the room sees it. */
export const runningLive = z.object({
  kind: z.enum(['rtmp', 'hls']),
  /** Host of the RTMP server; null: HLS. */
  host: z.string().nullable(),
  /** Address of the playlist, from the server's origin; null: RTMP. */
  path: z.string().nullable(),
  /** Unix time in milliseconds. */
  startedAtMs: z.number(),
  startedBy: displayName,
  /** `false`: it is interrupted at the moment. */
  isFlowing: z.boolean(),
});
export type RunningLive = z.infer<typeof runningLive>;

export const LIVE_REQUESTS = {
  /**
   * Streams the room's picture and sound from now on. Resolves when the stream flows; everyone in the room is notified. It ends when somebody
   * stops it, or everyone has left.
   */
  'live.start': {
    data: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('rtmp'),
        /** One of the server's `targets`. */
        target: z.string().max(2048),
        /** Nobody else gets to see it. */
        key: streamKey,
      }),
      z.object({ kind: z.literal('hls') }),
    ]),
    result: nothing,
  },
  /** Ends the stream. Idempotent. */
  'live.stop': { data: nothing, result: nothing },
} as const;

export const LIVE_EVENTS = {
  /** A live stream started, was interrupted, goes on, or ended: then `live` is null, and `reason` says why. */
  'live.changed': logged({
    live: runningLive.nullable(),
    /** The participant who did it; null: the server. */
    by: objectId.nullable(),
    reason: liveEnd.optional(),
  }),
} as const;

export const LIVE_SNAPSHOT = {
  live: z.object({
    running: runningLive.nullable(),
    /** RTMP servers that can be chosen. */
    targets: z.array(z.string()),
    /** Whether HLS can be chosen. */
    hls: z.boolean(),
    /** What a stream sends, in kbit/s. */
    kbps: z.number(),
    /** CPU time that a stream of five people takes, in percent of a core. */
    cpuPercent: z.number(),
  }),
} as const;

type LiveRequests = typeof LIVE_REQUESTS;
type LiveEvents = typeof LIVE_EVENTS;
type LiveSnapshot = typeof LIVE_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends LiveRequests {}
  interface Events extends LiveEvents {}
  interface SnapshotParts extends LiveSnapshot {}
}
