import { CanopyError } from '../../../base/index.ts';
import { type Handlers, requireRight } from '../../kernel/index.ts';
import type { LIVE_REQUESTS } from './contract.ts';
import type { LiveStreams } from './live-streams.ts';

export function liveHandlers(streams: LiveStreams | undefined): Handlers<keyof typeof LIVE_REQUESTS> {
  return {
    'live.start': async (session, wanted) => {
      const { room, peer } = requireRight(session, 'recording.control');
      if (!streams) {
        throw new CanopyError('TARGET_REFUSED', 'neither live.targets nor live.hls is set');
      }
      const { displayName, participantId = null } = peer;
      await streams.start(room, { participantId, displayName }, wanted);
      return {};
    },

    'live.stop': async (session) => {
      const { room, peer } = requireRight(session, 'recording.control');
      await streams?.stop(room.roomId, peer.participantId ?? null);
      return {};
    },
  };
}
