/** Keys with which programs send into a room (WHIP) or watch it (WHEP). */
import { z } from 'zod';
import {
  newStreamKey,
  nothing,
  objectId,
  roomId,
  streamKeyList,
  streamKeyRequest,
} from '../../../contract/index.ts';

export const STREAM_REQUESTS = {
  /** Makes a key for one room. Its secret is in this answer only. Needs the right to invite to the room. */
  'stream.createKey': { data: z.object({ roomId, ...streamKeyRequest.shape }), result: newStreamKey },
  /** The room's valid keys, oldest first. Needs the right to invite to the room. */
  'stream.listKeys': { data: z.object({ roomId }), result: streamKeyList },
  /** Revokes a key: what uses it ends at once. Needs the right to invite to its room. */
  'stream.revokeKey': { data: z.object({ keyId: objectId }), result: nothing },
} as const;

type StreamRequests = typeof STREAM_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends StreamRequests {}
}
