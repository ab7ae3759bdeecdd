/** Streams: programs that send into a room (WHIP, RFC 9725) or watch it (WHEP), and the keys with which they do. */
import { z } from 'zod';
import { displayName, objectId, sha256Hex } from './common.ts';

/** What a stream key permits: to send into the room, or to watch it. */
export const streamDirection = z.enum(['publish', 'watch']);
export type StreamDirection = z.infer<typeof streamDirection>;

/** How long a stream key is valid, in seconds: 5 minutes to one year. */
export const streamKeyTtlSeconds = z
  .int()
  .min(300)
  .max(366 * 86_400)
  .default(30 * 86_400);

export const streamKeyRequest = z.object({
  direction: streamDirection,
  /** The name of the stream in the room. */
  name: displayName,
  ttlSeconds: streamKeyTtlSeconds,
});

export const streamKey = z.object({
  keyId: objectId,
  roomId: z.string(),
  direction: streamDirection,
  name: displayName,
  /** The account id of its participants. No account has this id. */
  accountId: sha256Hex,
  /** Null: the operator. */
  createdBy: z.object({ accountId: sha256Hex, displayName }).nullable(),
  createdAtMs: z.number().describe('Unix time in milliseconds.'),
  expiresAtMs: z.number().describe('Unix time in milliseconds.'),
  /** How many programs use it now. */
  active: z.int().min(0),
});
export type StreamKey = z.infer<typeof streamKey>;

/** A key that was just made. Its secret is not shown again. */
export const newStreamKey = streamKey.extend({
  /** Where programs send their offer to. */
  url: z.string(),
  /** What they present as `Authorization: Bearer`. */
  secret: z.string(),
});
export type NewStreamKey = z.infer<typeof newStreamKey>;

export const streamKeyList = z.object({ keys: z.array(streamKey) });
