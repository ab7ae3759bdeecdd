import { parseRoute, toRoomId } from './route.ts';

/** Where text that a user typed or pasted leads. */
export type Destination =
  | { kind: 'room'; roomId: string }
  /** Another address of this page, e.g. an invitation. */
  | { kind: 'fragment'; fragment: string }
  | { kind: 'elsewhere'; url: string; host: string }
  | { kind: 'nothing' };

/** Reads the name of a room, or a link. `origins`: those of this server. */
export function readDestination(typed: string, origins: readonly string[]): Destination {
  const text = typed.trim();
  const url = linkIn(text);
  if (!url) {
    const roomId = toRoomId(text);
    return roomId === undefined ? { kind: 'nothing' } : { kind: 'room', roomId };
  }
  if (!origins.includes(url.origin)) {
    return { kind: 'elsewhere', url: url.href, host: url.host };
  }
  const route = parseRoute(url.hash);
  if (route.page === 'room') {
    return { kind: 'room', roomId: route.roomId };
  }
  return /^#\/./.test(url.hash) ? { kind: 'fragment', fragment: url.hash } : { kind: 'nothing' };
}

/** People copy links with and without the scheme. */
function linkIn(text: string): URL | undefined {
  const candidate = /^https?:\/\//i.test(text)
    ? text
    : /^[^\s/]+\.[^\s/]+\/\S*$/.test(text)
      ? `https://${text}`
      : '';
  return URL.canParse(candidate) ? new URL(candidate) : undefined;
}
