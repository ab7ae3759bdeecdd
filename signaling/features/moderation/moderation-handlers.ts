import { demand, type Handlers, type Kernel, requireRight } from '../../kernel/index.ts';
import type { MODERATION_REQUESTS } from './contract.ts';
import { muteParticipant, removeParticipant, requireTarget } from './moderation.ts';

/** Handlers for moderating others in the same room. */
export function moderationHandlers({ rooms, log }: Kernel): Handlers<keyof typeof MODERATION_REQUESTS> {
  return {
    'participant.mute': async (session, { participantId, muted }) => {
      const { room, peer } = requireRight(session, 'participant.mute');
      await muteParticipant(requireTarget(room, participantId, peer.participantId ?? null), muted);
      return {};
    },

    'participant.kick': async (session, { participantId }) => {
      const { principal, room, peer } = requireRight(session, 'participant.kick');
      const target = requireTarget(room, participantId, peer.participantId ?? null);
      demand(principal, 'participant.kick', room.record, target.host.principalOf(participantId));
      removeParticipant(rooms, target, log);
      return {};
    },

    'participant.readmit': async (session, { accountId }) => {
      const { room } = requireRight(session, 'participant.readmit');
      rooms.readmit(room.roomId, accountId);
      return {};
    },
  };
}
