import { type Handlers, type Kernel, requireRole, requireSeat, type Session } from '../../kernel/index.ts';
import type { MODERATION_REQUESTS } from './contract.ts';
import { muteParticipant, removeParticipant, requireTarget, type Target } from './moderation.ts';

/** What admins and members may do to others in their room. */
export function moderationHandlers({ rooms, log }: Kernel): Handlers<keyof typeof MODERATION_REQUESTS> {
  return {
    'participant.mute': async (session, { participantId, muted }) => {
      await muteParticipant(targetOf(session, participantId), muted);
      return {};
    },

    'participant.kick': async (session, { participantId }) => {
      const target = targetOf(session, participantId);
      if (target.host.role === 'admin') {
        requireRole(session, 'admin');
      }
      removeParticipant(rooms, target, log);
      return {};
    },

    'participant.readmit': async (session, { accountId }) => {
      requireRole(session, 'admin', 'member');
      const { room } = requireSeat(session);
      rooms.readmit(room.roomId, accountId);
      return {};
    },
  };
}

function targetOf(session: Session, participantId: string): Target {
  requireRole(session, 'admin', 'member');
  const { room, peer } = requireSeat(session);
  return requireTarget(room, participantId, peer.participantId ?? null);
}
