/** A person's own devices in a room. */
import { z } from 'zod';
import { nothing } from '../../../contract/index.ts';

export const MOVE_HERE_REQUESTS = {
  /** Takes this person's other devices out of the room; their connections end with CALL_MOVED. `devices`: how many there were. */
  'room.moveHere': { data: nothing, result: z.object({ devices: z.int() }) },
} as const;

type MoveHereRequests = typeof MOVE_HERE_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends MoveHereRequests {}
}
