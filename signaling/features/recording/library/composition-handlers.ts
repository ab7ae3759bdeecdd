import { demand, type Handlers } from '../../../kernel/index.ts';
import type { COMPOSITION_REQUESTS } from '../composition-contract.ts';
import type { Compositions } from '../compositions.ts';
import type { RecordingAccess } from './recording-access.ts';

/** Whoever may record the room, and see its recordings, may have videos made of them. */
export function compositionHandlers(
  access: RecordingAccess,
  compositions: Compositions,
): Handlers<keyof typeof COMPOSITION_REQUESTS> {
  return {
    'recording.compose': async (session, { roomId, recordingId, ...choice }) => {
      const { principal, room } = await access.viewer(session, roomId);
      demand(principal, 'recording.control', room);
      return compositions.add(await access.find(recordingId, roomId), choice);
    },

    'recording.deleteComposition': async (session, { roomId, recordingId, compositionId }) => {
      const { principal, room } = await access.viewer(session, roomId);
      demand(principal, 'recording.control', room);
      await access.find(recordingId, roomId);
      await compositions.delete(recordingId, compositionId);
      return {};
    },
  };
}
