import { CanopyError } from '../../../base/index.ts';
import { type Handlers, type Kernel, requirePrincipal } from '../../kernel/index.ts';
import type { Invitations } from '../../store/index.ts';
import type { INVITATION_REQUESTS } from './contract.ts';
import { invitationUrl } from './invitation-url.ts';

export function invitationHandlers(
  { authority, config, rooms }: Kernel,
  invitations: Invitations,
): Handlers<keyof typeof INVITATION_REQUESTS> {
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
        url: invitationUrl(config.server.publicUrl ?? origin, secret, authority.fingerprint),
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
