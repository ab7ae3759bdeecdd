/** Settings of rooms. */
import { z } from 'zod';
import { roomChange, roomDescription, roomId } from '../../../contract/index.ts';

export const ROOM_REQUESTS = {
  /**
   * Changes a room's settings, whether or not it is open, and returns them; `{roomId}` alone changes nothing. Applies immediately to people
   * inside. For owners and admins.
   */
  'room.configure': { data: z.object({ roomId, ...roomChange.shape }), result: roomDescription },
} as const;

type RoomRequests = typeof ROOM_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends RoomRequests {}
}
