import { CanopyError } from '../../../base/index.ts';
import type { RoomDescription } from '../../../contract/index.ts';
import type { Kernel, Principal } from '../../kernel/index.ts';
import { calendarEntry } from './calendar.ts';

/** A room's invitation for calendars. @throws {CanopyError} NOT_FOUND - no meeting is scheduled */
export async function invitationOf(
  kernel: Kernel,
  principal: Principal,
  room: RoomDescription,
  { isCancelled = false } = {},
): Promise<string> {
  if (!room.schedule) {
    throw new CanopyError('NOT_FOUND', 'no meeting is scheduled in this room');
  }
  const { publicUrl } = kernel.config.server;
  // Without a configured address, people reach the server as the one who asks does.
  const origin = publicUrl ?? ('origin' in principal ? principal.origin : kernel.publicUrl);
  return calendarEntry({
    room,
    url: `${origin}/#/room/${encodeURIComponent(room.roomId)}`,
    host: new URL(origin).hostname,
    dialIn: await kernel.dialIn(room.roomId),
    nowMs: Date.now(),
    isCancelled,
  });
}
