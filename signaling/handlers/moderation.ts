import { muteParticipant, removeParticipant, requireTarget, type Target } from '../rooms/index.ts';
import type { Handler, Session } from '../sockets/index.ts';
import { type HandlerContext, requireRole, requireSeat } from './context.ts';

type ModerationRequest = 'participant.mute' | 'participant.kick' | 'participant.readmit';

/** What admins and members may do to others in their room. */
export function moderationHandlers(context: HandlerContext): { [N in ModerationRequest]: Handler<N> } {
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
      removeParticipant(context.rooms, target, context.log);
      return {};
    },

    'participant.readmit': async (session, { accountId }) => {
      requireRole(session, 'admin', 'member');
      const { room } = requireSeat(session);
      context.rooms.readmit(room.roomId, accountId);
      return {};
    },
  };
}

function targetOf(session: Session, participantId: string): Target {
  requireRole(session, 'admin', 'member');
  const { room, peer } = requireSeat(session);
  return requireTarget(room, participantId, peer.participantId ?? null);
}
