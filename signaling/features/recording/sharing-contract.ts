/** Links with which people without an account see one recording. */
import { z } from 'zod';
import { displayName, nothing, objectId, roomId } from '../../../contract/index.ts';

/** How long a link is valid, in days. */
const DEFAULT_DAYS = 7;
const MAX_DAYS = 90;

/** A link to a recording. Only whoever creates it learns its URL. */
const recordingShare = z.object({
  shareId: objectId,
  /** Who made it. */
  createdBy: displayName,
  /** Unix times in milliseconds. */
  createdAtMs: z.number(),
  expiresAtMs: z.number(),
});

/** The valid links to a recording, oldest first. */
export const recordingShares = z.object({ shares: z.array(recordingShare) });

const place = { roomId, recordingId: objectId };

export const SHARING_REQUESTS = {
  /**
   * Creates a link with which anyone can watch this recording without an account. For those who may record the room and see its recordings,
   * unless its owner forbids sharing. The URL is returned only once: the server keeps only a hash of its secret.
   */
  'recording.share': {
    data: z.object({
      ...place,
      /** How long it is valid. */
      days: z.int().min(1).max(MAX_DAYS).default(DEFAULT_DAYS),
    }),
    result: recordingShare.extend({ url: z.string() }),
  },
  /** The valid links to a recording. */
  'recording.shares': { data: z.object(place), result: recordingShares },
  /** Withdraws a link. Whoever watches by it is cut off. Idempotent. */
  'recording.unshare': { data: z.object({ ...place, shareId: objectId }), result: nothing },
} as const;

type SharingRequests = typeof SHARING_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends SharingRequests {}
}
