import { CanopyError } from '../../base/index.ts';
import type { Handler } from '../sockets/index.ts';
import { type HandlerContext, invitationUrl, requirePrincipal } from './context.ts';

export function inviteHandlers(context: HandlerContext): {
  'invite.create': Handler<'invite.create'>;
  'invite.redeem': Handler<'invite.redeem'>;
} {
  const { accounts, authority, invitations } = context;
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
      const invitation = await invitations.use(secret, principal.accountId);
      if (invitation.room_id !== null) {
        await accounts.grant(principal.accountId, invitation.room_id);
      }
      // An invitation adds rights and never takes any.
      const rank = ['guest', 'member', 'admin'];
      if (rank.indexOf(invitation.role) > rank.indexOf(principal.role)) {
        await accounts.setRole(principal.accountId, invitation.role);
        principal.role = invitation.role;
      }
      return { role: principal.role, ...(invitation.room_id !== null && { roomId: invitation.room_id }) };
    },
  };
}
