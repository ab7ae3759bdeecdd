import { CanopyError } from '../../../base/index.ts';
import { demand, type Handlers, type Peer, requireSeat } from '../../kernel/index.ts';
import type { HAND_REQUESTS } from './contract.ts';
import type { Hands } from './hands.ts';

/** Handlers for raising and lowering hands. */
export function handHandlers(hands: Hands): Handlers<keyof typeof HAND_REQUESTS> {
  return {
    'hand.raise': async (session, data) => {
      const { room, peer } = requireSeat(session);
      const participantId = data.participantId ?? peer.participantId;
      if (!isHosted(peer, participantId)) {
        throw new CanopyError('FORBIDDEN', 'people can only raise their own hand');
      }
      demand(peer.principalOf(participantId), 'hand.raise', room.record);
      hands.raise(room, participantId);
      return {};
    },

    'hand.lower': async (session, data) => {
      const { room, peer } = requireSeat(session);
      const participantId = data.participantId ?? peer.participantId;
      if (isHosted(peer, participantId)) {
        hands.lower(room, participantId, participantId);
        return {};
      }
      demand(peer.principal, 'hand.lowerOthers', room.record);
      if (participantId === undefined || peer.participantId === undefined || !room.hostOf(participantId)) {
        throw new CanopyError('PARTICIPANT_UNKNOWN');
      }
      hands.lower(room, participantId, peer.participantId);
      return {};
    },
  };
}

function isHosted(peer: Peer, participantId: string | undefined): participantId is string {
  return participantId !== undefined && peer.participants.has(participantId);
}
