import { language, strings } from '../../strings/index.ts';

/** A name that the server made up: three groups of letters and digits that do not look alike. */
const MADE_UP = /^[a-km-np-z2-9]{4}-[a-km-np-z2-9]{4}-[a-km-np-z2-9]{3}$/;

/** Whether someone gave a room its name. */
export function hasName({ roomId, title }: { roomId: string; title: string | null }): boolean {
  return title !== null || !MADE_UP.test(roomId);
}

/**
 * What people call a room: its title, or the name that someone chose for its link. A name that the server made up says nothing, so such a
 * room is a meeting, with the time if that is known.
 *
 * @param atMs when the meeting was, as Unix time in milliseconds
 */
export function roomName(room: { roomId: string; title: string | null }, atMs?: number): string {
  if (hasName(room)) {
    return room.title ?? room.roomId;
  }
  const { meeting, meetingOf } = strings.value.rooms;
  if (atMs === undefined) {
    return meeting;
  }
  const when = new Date(atMs);
  const day = when.toLocaleDateString(language.value, { day: 'numeric', month: 'long' });
  const time = when.toLocaleTimeString(language.value, { hour: 'numeric', minute: '2-digit' });
  return meetingOf(day, time);
}
