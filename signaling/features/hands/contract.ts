/** Raised hands: who asks to speak, in the order in which they asked. */
import { z } from 'zod';
import { logged, nothing, objectId } from '../../../contract/index.ts';

const raisedHand = z.object({
  participantId: objectId,
  /** When it went up: Unix time in milliseconds. */
  raisedAtMs: z.number(),
});

export const HAND_REQUESTS = {
  /** Raises one's hand; one that is up keeps its place. A bridge names the phone. */
  'hand.raise': { data: z.object({ participantId: objectId.optional() }), result: nothing },
  /** Lowers a hand, if it is up: one's own by default. Moderators may lower anybody's. */
  'hand.lower': { data: z.object({ participantId: objectId.optional() }), result: nothing },
} as const;

export const HAND_EVENTS = {
  'hand.raised': logged(raisedHand.shape),
  /** Also tells who lowered it. A hand goes down without this when its participant leaves. */
  'hand.lowered': logged({ participantId: objectId, by: objectId }),
} as const;

export const HAND_SNAPSHOT = {
  /** The hands that are up, the longest first. */
  hands: z.array(raisedHand),
} as const;

type HandRequests = typeof HAND_REQUESTS;
type HandEvents = typeof HAND_EVENTS;
type HandSnapshot = typeof HAND_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends HandRequests {}
  interface Events extends HandEvents {}
  interface SnapshotParts extends HandSnapshot {}
}
