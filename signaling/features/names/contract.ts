/** Names of participants. */
import { z } from 'zod';
import { displayName, nothing, objectId } from '../../../contract/index.ts';

export const NAME_REQUESTS = {
  /**
   * Renames a participant, by default the peer's own, while it is in the room. Owners and moderators may rename others. The roster marks a
   * name that differs from the one in the person's certificate.
   */
  'participant.rename': {
    data: z.object({ participantId: objectId.optional(), displayName }),
    result: nothing,
  },
} as const;

export const NAME_EVENTS = {
  /** A moderator renamed a participant that this peer hosts. */
  'participant.renamed': z.object({ participantId: objectId, displayName, by: objectId.nullable() }),
} as const;

type NameRequests = typeof NAME_REQUESTS;
type NameEvents = typeof NAME_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends NameRequests {}
  interface Events extends NameEvents {}
}
