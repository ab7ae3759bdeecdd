import {
  canonicalRoomId,
  type DeviceLinkCode,
  type Invitation,
  parseDeviceLink,
  parseInvitation,
  parseRoomLink,
  ROOM_ID,
  type RoomLinkSecret,
} from '../../../sdk/index.ts';

/** The parts of the console, as its addresses name them. */
export const CONSOLE_SECTIONS = [
  'overview',
  'rooms',
  'calls',
  'recordings',
  'phones',
  'accounts',
  'invitations',
  'audit',
] as const;
export type ConsoleSection = (typeof CONSOLE_SECTIONS)[number];

export type Route =
  | { page: 'invitation'; invitation: Invitation }
  | { page: 'damaged-invitation' }
  | { page: 'link'; link: RoomLinkSecret }
  | { page: 'damaged-link' }
  /** A recording that someone shared. */
  | { page: 'recording'; secret: string }
  /** Back from the sign-on provider. `code`: of the error that it ended with. */
  | { page: 'signed-on'; code: string | undefined }
  /** `link`: absent if it was damaged, or the user wants to type the code. */
  | { page: 'new-device'; link?: DeviceLinkCode }
  | { page: 'room'; roomId: string }
  /** `address`: an account's id or alias. */
  | { page: 'call'; address: string }
  /** The administrators' console. */
  | { page: 'console'; section: ConsoleSection }
  | { page: 'home' };

/**
 * Parses the address's fragment: `#/invite/…`, `#/join/…`, `#/link/…`, `#/signed-on`, `#/call/…`, `#/recording/…`, `#/room/NAME`, `#/console/…`, or anything else for the start
 * page.
 */
export function parseRoute(fragment: string): Route {
  const invitation = parseInvitation(fragment);
  if (invitation) {
    return { page: 'invitation', invitation };
  }
  // Mail programs break long links, and people copy links incompletely.
  if (/^#\/?invite(\/|$)/.test(fragment)) {
    return { page: 'damaged-invitation' };
  }
  const link = parseRoomLink(fragment);
  if (link) {
    return { page: 'link', link };
  }
  if (/^#\/?join(\/|$)/.test(fragment)) {
    return { page: 'damaged-link' };
  }
  const signedOn = /^#\/signed-on(?:\/(\w+))?$/.exec(fragment);
  if (signedOn) {
    return { page: 'signed-on', code: signedOn[1] };
  }
  const [, secret] = /^#\/recording\/(.+)$/.exec(fragment) ?? [];
  if (secret !== undefined) {
    return { page: 'recording', secret };
  }
  const address = parseCallAddress(fragment);
  if (address !== undefined) {
    return { page: 'call', address };
  }
  if (/^#\/?link(\/|$)/.test(fragment)) {
    const deviceLink = parseDeviceLink(fragment);
    return { page: 'new-device', ...(deviceLink && { link: deviceLink }) };
  }
  const [, section] = /^#\/console(?:\/(\w+))?$/.exec(fragment) ?? [];
  if (section !== undefined || fragment === '#/console') {
    return { page: 'console', section: CONSOLE_SECTIONS.find((each) => each === section) ?? 'overview' };
  }
  const [, encoded] = /^#\/room\/([^/]+)$/.exec(fragment) ?? [];
  const text = encoded === undefined ? undefined : decoded(encoded);
  const roomId = text === undefined ? undefined : canonicalRoomId(text);
  return roomId !== undefined && ROOM_ID.test(roomId) ? { page: 'room', roomId } : { page: 'home' };
}

/** The account id or alias in a call link, or in its fragment. Undefined if there is none. */
function parseCallAddress(fragment: string): string | undefined {
  return /^#\/call\/([0-9a-f]{64}|[0-9a-f]{40})$/i.exec(fragment)?.[1]?.toLowerCase();
}

/** Reads what a user typed or pasted to call somebody: a call link of this server, an account id or an alias. */
export function readCallAddress(typed: string, origins: readonly string[]): string | undefined {
  const text = typed.trim();
  const link = URL.canParse(text) ? new URL(text) : undefined;
  if (link) {
    return origins.includes(link.origin) ? parseCallAddress(link.hash) : undefined;
  }
  return parseCallAddress(text.startsWith('#') ? text : `#/call/${text.replaceAll(/\s/g, '')}`);
}

/** The address to call for a telephone number that a user typed; undefined if it is none. */
export function callableNumber(typed: string): string | undefined {
  const number = typed
    .trim()
    .replace(/^tel:/i, '')
    .replaceAll(/[\s().-]/g, '');
  return /^\+?[0-9*#]{1,32}$/.test(number) ? `tel:${number}` : undefined;
}

/** An account's call link. */
export function callUrl(origin: string, accountId: string): string {
  return `${origin}/#/call/${accountId}`;
}

/** The address of a part of the console. */
export function consoleFragment(section: ConsoleSection): string {
  return section === 'overview' ? '#/console' : `#/console/${section}`;
}

export function roomFragment(roomId: string): string {
  return `#/room/${encodeURIComponent(roomId)}`;
}

/** The address of a room. */
export function roomUrl(origin: string, roomId: string): string {
  return `${origin}/${roomFragment(roomId)}`;
}

/** Turns what a user typed into a room id: spaces become hyphens. Undefined if nothing usable is left. */
export function toRoomId(typed: string): string | undefined {
  const roomId = canonicalRoomId(typed)
    .trim()
    .replace(/\s+/g, '-')
    .replace(/[^\p{L}\p{M}\p{N}_-]/gu, '')
    .replace(/^[\p{M}_-]+/u, '');
  const short = [...roomId].slice(0, 64).join('');
  return ROOM_ID.test(short) ? short : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
