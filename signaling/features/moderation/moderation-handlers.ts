import {
  type ActionInRoom,
  demand,
  type Handlers,
  type Kernel,
  requirePrincipal,
  requireSeat,
  type Session,
} from '../../kernel/index.ts';
import type { MODERATION_REQUESTS } from './contract.ts';
import { muteParticipant, removeParticipant, requireTarget, type Target } from './moderation.ts';

/** What moderators may do to others in their room. */
export function moderationHandlers({ rooms, log }: Kernel): Handlers<keyof typeof MODERATION_REQUESTS> {
  return {
    'participant.mute': async (session, { participantId, muted }) => {
      await muteParticipant(targetOf(session, 'participant.mute', participantId), muted);
      return {};
    },

    'participant.kick': async (session, { participantId }) => {
      const target = targetOf(session, 'participant.kick', participantId);
      const { room, host } = target;
      demand(requirePrincipal(session), 'participant.kick', room.record, host.principalOf(participantId));
      removeParticipant(rooms, target, log);
      return {};
    },

    'participant.readmit': async (session, { accountId }) => {
      const { room } = requireSeat(session);
      demand(requirePrincipal(session), 'participant.readmit', room.record);
      rooms.readmit(room.roomId, accountId);
      return {};
    },
  };
}

function targetOf(session: Session, action: ActionInRoom, participantId: string): Target {
  const { room, peer } = requireSeat(session);
  demand(requirePrincipal(session), action, room.record);
  return requireTarget(room, participantId, peer.participantId ?? null);
}
