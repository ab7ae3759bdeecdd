import { CanopyError } from '../../../base/index.ts';
import { demand, type Handlers, requireSeat } from '../../kernel/index.ts';
import type { SPOTLIGHT_REQUESTS } from './contract.ts';
import type { Spotlight } from './spotlight.ts';

export function spotlightHandlers(spotlight: Spotlight): Handlers<keyof typeof SPOTLIGHT_REQUESTS> {
  return {
    'participant.spotlight': async (session, { participantId, on }) => {
      const { room, peer } = requireSeat(session);
      if (on || participantId !== peer.participantId) {
        demand(peer.principal, 'participant.spotlight', room.record);
      }
      if (!peer.participantId || !room.hostOf(participantId)) {
        throw new CanopyError('PARTICIPANT_UNKNOWN');
      }
      spotlight.set(room, participantId, on, peer.participantId);
      return {};
    },
  };
}
