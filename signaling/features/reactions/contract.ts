/** Reactions: short signs such as applause. They are not kept. */
import { z } from 'zod';
import { nothing, objectId } from '../../../contract/index.ts';

export const reactionKind = z.enum(['like', 'applause', 'love', 'laugh', 'surprise', 'celebrate']);
export type ReactionKind = z.infer<typeof reactionKind>;

export const REACTION_REQUESTS = {
  /** Shows a reaction to everyone in the room. At most 4 per second, after a burst of 8 (RATE_LIMITED). */
  'reaction.send': { data: z.object({ kind: reactionKind }), result: nothing },
} as const;

export const REACTION_EVENTS = {
  /** Reactions since the last such event, which comes at most about three times per second. `count`: how often, at most 9. */
  'room.reactions': z.object({
    reactions: z.array(
      z.object({ participantId: objectId, kind: reactionKind, count: z.int().min(1).max(9) }),
    ),
  }),
} as const;

type ReactionRequests = typeof REACTION_REQUESTS;
type ReactionEvents = typeof REACTION_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends ReactionRequests {}
  interface Events extends ReactionEvents {}
}
