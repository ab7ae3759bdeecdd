import { CanopyError } from '../../base/index.ts';
import type { Handler } from '../sockets/index.ts';
import { type HandlerContext, invitationUrl, requirePrincipal } from './context.ts';

export function inviteHandlers(context: HandlerContext): {
  'invite.create': Handler<'invite.create'>;
  'invite.redeem': Handler<'invite.redeem'>;
} {
  const { authority, invitations, rooms } = context;
  return {
    'invite.create': async (session, data) => {
      const { accountId, role, origin } = requirePrincipal(session);
      if (role !== 'admin' && !(role === 'member' && data.role === 'guest')) {
        throw new CanopyError('FORBIDDEN', `a ${role} may not invite a ${data.role}`);
      }
      if (data.role === 'guest' && data.roomId === undefined) {
        throw new CanopyError('BAD_REQUEST', 'roomId: a guest is invited to a room');
      }
      const { secret, expiresAtMs } = await invitations.create({ ...data, createdBy: accountId });
      return {
        secret,
        expiresAtMs,
        url: invitationUrl(context.config.server.publicUrl ?? origin, secret, authority.fingerprint),
      };
    },

    'invite.redeem': async (session, { secret }) => {
      const principal = requirePrincipal(session);
      const { accountId } = principal;
      const { role, roomId, invitedBy } = await invitations.admit(secret, accountId);
      principal.role = role;
      if (roomId !== null && invitedBy !== accountId) {
        rooms.readmit(roomId, accountId);
      }
      return { role, ...(roomId !== null && { roomId }) };
    },
  };
}
