/** Raised hands: who asks to speak, in order. */
import { z } from 'zod';
import { logged, nothing, objectId } from '../../../contract/index.ts';

const raisedHand = z.object({
  participantId: objectId,
  /** Unix time in milliseconds. */
  raisedAtMs: z.number(),
});

export const HAND_REQUESTS = {
  /** Raises the peer's hand; a raised one keeps its place. A bridge names the phone. */
  'hand.raise': { data: z.object({ participantId: objectId.optional() }), result: nothing },
  /** Lowers a hand if it is raised, by default the peer's own. Moderators may lower anyone's. */
  'hand.lower': { data: z.object({ participantId: objectId.optional() }), result: nothing },
} as const;

export const HAND_EVENTS = {
  'hand.raised': logged(raisedHand.shape),
  /** `by`: the participant who lowered it. Not sent when a participant leaves, which also lowers the hand. */
  'hand.lowered': logged({ participantId: objectId, by: objectId }),
} as const;

export const HAND_SNAPSHOT = {
  /** The raised hands, in the order they were raised. */
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
