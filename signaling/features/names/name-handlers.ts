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
    const before = participantId === undefined ? undefined : host?.participants.get(participantId);
    if (participantId === undefined || !host || !before) {
      throw new CanopyError('PARTICIPANT_UNKNOWN');
    }
    const { displayName } = data;
    room.rename(host, participantId, displayName);
    if (host !== peer && before.displayName !== displayName) {
      const by = peer.participantId ?? null;
      session.log.info(
        { roomId: room.roomId, participantId, from: before.displayName, to: displayName },
        'renamed',
      );
      host.send('participant.renamed', { participantId, displayName, by });
    }
    return {};
  },
};
