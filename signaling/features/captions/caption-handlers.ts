import { CanopyError } from '../../../base/index.ts';
import { type Handlers, requireRight } from '../../kernel/index.ts';
import type { Captions } from './captions.ts';
import type { CAPTION_REQUESTS } from './contract.ts';

export function captionHandlers(captions: Captions | undefined): Handlers<keyof typeof CAPTION_REQUESTS> {
  return {
    'captions.start': async (session, { language }) => {
      const { room, peer } = requireRight(session, 'captions.control');
      if (!captions) {
        throw new CanopyError('CAPTIONS_UNAVAILABLE', 'captions.url is not set');
      }
      const { displayName, participantId = null } = peer;
      await captions.start(room, { participantId, displayName }, language);
      return {};
    },

    'captions.stop': async (session) => {
      const { room, peer } = requireRight(session, 'captions.control');
      await captions?.stop(room.roomId, peer.participantId ?? null);
      return {};
    },
  };
}
