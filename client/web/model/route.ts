import { type Invitation, parseInvitation } from '../../sdk/index.ts';

export type Route =
  | { page: 'invitation'; invitation: Invitation }
  | { page: 'damaged-invitation' }
  | { page: 'room'; roomId: string }
  | { page: 'home' };

/** A room's name as the protocol has it: letters of any script with their marks, digits, `-` and `_`, 1 to 64 characters, composed (NFC). */
const ROOM = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]{0,63}$/u;

/** What the address's fragment asks for: `#/invite/…`, `#/room/NAME`, or the start page. */
export function parseRoute(fragment: string): Route {
  const invitation = parseInvitation(fragment);
  if (invitation) return { page: 'invitation', invitation };
  // Mail programs break long links, and people copy a part of them.
  if (/^#\/?invite(\/|$)/.test(fragment)) return { page: 'damaged-invitation' };
  const [, encoded] = /^#\/room\/([^/]+)$/.exec(fragment) ?? [];
  const roomId = encoded === undefined ? undefined : decoded(encoded)?.normalize('NFC');
  return roomId !== undefined && ROOM.test(roomId) ? { page: 'room', roomId } : { page: 'home' };
}

export function roomFragment(roomId: string): string {
  return `#/room/${encodeURIComponent(roomId)}`;
}

/** A room's name from what a person typed: spaces become hyphens. Undefined when nothing usable is left. */
export function toRoomId(typed: string): string | undefined {
  const roomId = typed
    .normalize('NFC')
    .trim()
    .replace(/\s+/g, '-')
    .replace(/[^\p{L}\p{M}\p{N}_-]/gu, '')
    .replace(/^[\p{M}_-]+/u, '');
  const short = [...roomId].slice(0, 64).join('');
  return ROOM.test(short) ? short : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
