/** What people are called in a call. */
import { z } from 'zod';
import { displayName, nothing, objectId } from '../../../contract/index.ts';

export const NAME_REQUESTS = {
  /**
   * Gives a participant another name for as long as it is in the room: oneself by default. Owners and moderators may rename others. A name
   * other than the one in the person's certificate is marked in the roster.
   */
  'participant.rename': {
    data: z.object({ participantId: objectId.optional(), displayName }),
    result: nothing,
  },
} as const;

type NameRequests = typeof NAME_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends NameRequests {}
}
