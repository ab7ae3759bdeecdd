import type { Config } from '../base/index.ts';
import { inviteRequest } from '../contract/index.ts';
import { createInvitation } from '../signaling/index.ts';
import { UsageError } from './usage-error.ts';

/** Hints for invalid flags, by the request field that each sets. */
const HINTS: Record<string, string> = {
  role: '--role is admin, member, guest or bridge',
  roomId: '--room is the name of a room as in its link: letters, digits and ._- , no spaces',
  displayName: '--name is 1 to 64 characters',
  ttlSeconds: '--ttl-hours is a number of hours from 0.1 to 720',
};

/** Creates an invitation in the store of the data folder, whether or not a server is running. Returns the link. @throws {UsageError} */
export async function invite(
  config: Config,
  { role, room, name, ttlHours }: { role: string; room?: string; name?: string; ttlHours: string },
): Promise<string> {
  const request = inviteRequest.safeParse({
    role,
    roomId: room,
    displayName: name,
    ttlSeconds: Math.round(Number(ttlHours) * 3600),
  });
  if (!request.success) {
    const fields = request.error.issues.map(({ path, message }) => HINTS[String(path[0])] ?? message);
    throw new UsageError([...new Set(fields)].join('; '));
  }
  if (request.data.role === 'guest' && request.data.roomId === undefined) {
    throw new UsageError('guests need a room: name it with --room');
  }
  return createInvitation(config, request.data);
}
