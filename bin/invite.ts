import { CanopyError, type Config } from '../base/index.ts';
import { createInvitation } from '../signaling/index.ts';
import { inviteRequest } from '../signaling/protocol/index.ts';

/** Makes an invitation in the store of the data folder, whether or not a server runs on it. Returns the link. */
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
    const issue = request.error.issues[0];
    throw new CanopyError('BAD_REQUEST', `${issue?.path.join('.')}: ${issue?.message}`);
  }
  return createInvitation(config, request.data);
}
