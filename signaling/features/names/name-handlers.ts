import { CanopyError } from '../../../base/index.ts';
import { demand, type Handlers, requireSeat } from '../../kernel/index.ts';
import type { NAME_REQUESTS } from './contract.ts';

export const nameHandlers: Handlers<keyof typeof NAME_REQUESTS> = {
  'participant.rename': async (session, data) => {
    const { room, peer } = requireSeat(session);
    const participantId = data.participantId ?? peer.participantId;
    if (participantId === undefined || !peer.participants.has(participantId)) {
      demand(peer.principal, 'participant.renameOthers', room.record);
    }
    const host = participantId === undefined ? undefined : room.hostOf(participantId);
    if (participantId === undefined || !host) {
      throw new CanopyError('PARTICIPANT_UNKNOWN');
    }
    room.rename(host, participantId, data.displayName);
    return {};
  },
};
