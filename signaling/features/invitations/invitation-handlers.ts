import { CanopyError } from '../../../base/index.ts';
import {
  demand,
  type Handlers,
  isConfinedToRooms,
  type Kernel,
  requirePrincipal,
} from '../../kernel/index.ts';
import type { INVITATION_REQUESTS } from './contract.ts';
import { invitationUrl } from './invitation-url.ts';
import type { Invitations } from './invitations.ts';

/** Handlers for creating and redeeming invitations. */
export function invitationHandlers(
  kernel: Kernel,
  invitations: Invitations,
): Handlers<keyof typeof INVITATION_REQUESTS> {
  const { authority, rooms } = kernel;
  return {
    'invite.create': async (session, data) => {
      const principal = requirePrincipal(session);
      const { accountId, origin } = principal;
      demand(principal, `invite.create:${data.role}`);
      if (isConfinedToRooms(data.role) && data.roomId === undefined) {
        throw new CanopyError('BAD_REQUEST', 'roomId: required for role guest');
      }
      if (data.roomId !== undefined) {
        const room = await rooms.record(data.roomId);
        // Otherwise people who may not enter could invite themselves.
        await kernel.demandAccess(principal, room);
        demand(principal, 'room.invite', room);
      }
      const { secret, expiresAtMs } = await invitations.create({ ...data, createdBy: accountId });
      return {
        secret,
        expiresAtMs,
        url: invitationUrl(kernel.linkOrigin(origin), secret, authority.fingerprint),
      };
    },

    'invite.redeem': async (session, { secret }) => {
      const { accountId } = requirePrincipal(session);
      const { role, roomId, invitedBy } = await invitations.admit(secret, accountId);
      kernel.happenings.emit('invitation.used', { accountId, role, roomId });
      kernel.changeRole(accountId, role);
      if (roomId !== null && invitedBy !== accountId) {
        rooms.readmit(roomId, accountId);
      }
      return { role, ...(roomId !== null && { roomId }) };
    },
  };
}
