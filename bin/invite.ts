import type { z } from 'zod';
import type { Config } from '../base/index.ts';
import { inviteRequest, linkRequest, roomParams } from '../contract/index.ts';
import { createInvitation, createRoomLink } from '../signaling/index.ts';
import { time } from './text.ts';
import { UsageError } from './usage-error.ts';

/** Hints for invalid flags, by the request field that each sets. */
const HINTS: Record<string, string> = {
  role: '--role is admin, member, guest or bridge',
  roomId: '--room is the name of a room as in its link: letters, digits and ._- , no spaces',
  displayName: '--name is 1 to 64 characters',
  ttlSeconds: '--ttl-hours is a number of hours from 0.1 to 720, or with --link from 1 to 8784',
};
const HOUR_SECONDS = 3600;

export interface InviteOptions {
  role: string;
  room?: string;
  name?: string;
  ttlHours?: string;
  /** A link for everyone instead of an invitation for one person. */
  link?: boolean;
}

/**
 * Creates an invitation or a room link in the store of the data folder, whether or not a server is running. Returns the link, and a note
 * about it.
 *
 * @throws {UsageError}
 */
export async function invite(
  config: Config,
  { role, room, name, ttlHours, link: isForEveryone = false }: InviteOptions,
): Promise<{ link: string; note: string }> {
  const ttl = ttlHours !== undefined && { ttlSeconds: Math.round(Number(ttlHours) * HOUR_SECONDS) };
  if (isForEveryone) {
    if (room === undefined) {
      throw new UsageError('a link for everyone leads to a room: name it with --room');
    }
    const wanted = checked(linkRequest.extend(roomParams.shape).safeParse({ roomId: room, ...ttl }));
    const link = await createRoomLink(config, wanted);
    return { link, note: `Works for everyone until ${until(wanted)}.\n` };
  }
  const request = checked(inviteRequest.safeParse({ role, roomId: room, displayName: name, ...ttl }));
  if (request.role === 'guest' && request.roomId === undefined) {
    throw new UsageError('guests need a room: name it with --room');
  }
  const link = await createInvitation(config, request);
  return { link, note: `Works once, for one ${request.role}, until ${until(request)}.\n` };
}

function until({ ttlSeconds }: { ttlSeconds: number }): string {
  return time(Date.now() + ttlSeconds * 1000);
}

/** @throws {UsageError} */
function checked<T>(request: z.ZodSafeParseResult<T>): T {
  if (!request.success) {
    const fields = request.error.issues.map(({ path, message }) => HINTS[String(path[0])] ?? message);
    throw new UsageError([...new Set(fields)].join('; '));
  }
  return request.data;
}
