/** What owners decide for their rooms. */
import { z } from 'zod';
import { roomChange, roomDescription, roomId } from '../../../contract/index.ts';

export const ROOM_REQUESTS = {
  /**
   * Changes a room, open or not, and answers with how it is then; `{roomId}` alone changes nothing. Applies at once to those inside. For
   * owners and admins.
   */
  'room.configure': { data: z.object({ roomId, ...roomChange.shape }), result: roomDescription },
} as const;

type RoomRequests = typeof ROOM_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends RoomRequests {}
}
