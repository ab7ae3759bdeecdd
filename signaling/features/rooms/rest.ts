/** Bodies of the REST API for stored rooms. Every request needs the API key. */
import { z } from 'zod';
import { encryptionPolicy, roomChange, roomDescription, roomId, sha256Hex } from '../../../contract/index.ts';

export const newRoom = z.object({
  /** Default: made from the title, with a random ending that cannot be guessed. */
  roomId: roomId.optional(),
  ...roomChange.shape,
  encryption: encryptionPolicy.optional(),
});

export const savedRoomQuery = z.object({
  ownerId: sha256Hex.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** Returns only rooms after this one in the list. For the next page: `roomId` of the last one. */
  after: roomId.optional(),
});
export const savedRooms = z.object({ rooms: z.array(roomDescription) });

export const deletedRoom = z.object({
  /** The cancellation of a meeting to come, for calendars. */
  ics: z.string().optional(),
});
