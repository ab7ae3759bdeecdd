import { CanopyError } from '../../../base/index.ts';
import { demand, type Handlers, requireSeat } from '../../kernel/index.ts';
import type { REACTION_REQUESTS } from './contract.ts';
import type { Reactions } from './reactions.ts';

export function reactionHandlers(reactions: Reactions): Handlers<keyof typeof REACTION_REQUESTS> {
  return {
    'reaction.send': async (session, reaction) => {
      const { room, peer } = requireSeat(session);
      demand(peer.principal, 'reaction.send', room.record);
      if (peer.participantId === undefined) {
        throw new CanopyError('PARTICIPANT_UNKNOWN');
      }
      reactions.send(room, peer, peer.participantId, reaction);
      return {};
    },
  };
}
