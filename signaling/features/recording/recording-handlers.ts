import { CanopyError } from '../../../base/index.ts';
import { type Handlers, requireRight } from '../../kernel/index.ts';
import type { RECORDING_REQUESTS } from './contract.ts';
import type { Recordings } from './recordings.ts';

export function recordingHandlers(
  recordings: Recordings | undefined,
): Handlers<keyof typeof RECORDING_REQUESTS> {
  const required = () => {
    if (!recordings) {
      throw new CanopyError('RECORDER_UNAVAILABLE', 'recording.enabled is off');
    }
    return recordings;
  };
  return {
    'recording.start': async (session, options) => {
      const { principal, room, peer } = requireRight(session, 'recording.control');
      const { displayName, participantId = null } = peer;
      const by = { participantId, accountId: principal.accountId, displayName };
      return { recordingId: await required().start(room, by, options) };
    },

    'recording.pause': async (session) => {
      const { room, peer } = requireRight(session, 'recording.control');
      await required().setPaused(room.roomId, true, peer.participantId ?? null);
      return {};
    },

    'recording.resume': async (session) => {
      const { room, peer } = requireRight(session, 'recording.control');
      await required().setPaused(room.roomId, false, peer.participantId ?? null);
      return {};
    },

    'recording.stop': async (session) => {
      const { room, peer } = requireRight(session, 'recording.control');
      await required().stop(room.roomId, peer.participantId ?? null);
      return {};
    },
  };
}
