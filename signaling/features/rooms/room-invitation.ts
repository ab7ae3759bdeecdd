import { CanopyError } from '../../../base/index.ts';
import type { RoomDescription } from '../../../contract/index.ts';
import type { Kernel, Principal } from '../../kernel/index.ts';
import { calendarEntry } from './calendar.ts';
import { meetingStart } from './meeting-times.ts';

const DAY_MS = 86_400_000;
/** How long the link in a repeated invitation is valid at least, in milliseconds. */
const QUARTER_MS = 90 * DAY_MS;

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
  const origin = kernel.linkOrigin('origin' in principal ? principal.origin : undefined);
  const address = `${origin}/#/room/${encodeURIComponent(room.roomId)}`;
  // Newcomers need a link that lets them in. A cancellation needs none.
  const untilMs = room.schedule.repeats ? Date.now() + QUARTER_MS : meetingStart(room.schedule) + DAY_MS;
  const link = isCancelled ? undefined : await kernel.joinUrl(principal, room.roomId, untilMs);
  return calendarEntry({
    room,
    url: link ?? address,
    host: new URL(origin).hostname,
    dialIn: await kernel.dialIn(room.roomId),
    nowMs: Date.now(),
    isCancelled,
  });
}
