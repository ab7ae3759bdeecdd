/** Reactions: short signs such as applause. They are not kept. */
import { z } from 'zod';
import { MIN_ENVELOPE_BYTES } from '../../../contract/content/index.ts';
import { nothing, objectId, sealedContent } from '../../../contract/index.ts';

export const reactionKind = z.enum(['like', 'applause', 'love', 'laugh', 'surprise', 'celebrate']);
export type ReactionKind = z.infer<typeof reactionKind>;

/** Length of every sealed sign in base64, in characters. */
const SIGN_LENGTH = Math.ceil(MIN_ENVELOPE_BYTES / 3) * 4;

export const REACTION_REQUESTS = {
  /** Shows a reaction to everyone in the room. At most 4 per second, after a burst of 8 (RATE_LIMITED). */
  'reaction.send': {
    data: z
      .object({
        kind: reactionKind.optional(),
        /** In an encrypted room, in place of the kind: sealed as `sign` under the participant's id. */
        sealed: sealedContent.length(SIGN_LENGTH).optional(),
      })
      .refine(({ kind, sealed }) => (kind === undefined) !== (sealed === undefined), {
        error: 'kind or sealed',
      }),
    result: nothing,
  },
} as const;

export const REACTION_EVENTS = {
  /**
   * Reactions since the last such event, which comes at most about three times per second. `count`: how often, at most 9. In an encrypted
   * room they are `sealed`, each for itself: at most 3 per participant, and 100 altogether.
   */
  'room.reactions': z.object({
    reactions: z.array(
      z.object({ participantId: objectId, kind: reactionKind, count: z.int().min(1).max(9) }),
    ),
    sealed: z.array(z.object({ participantId: objectId, sealed: sealedContent })).optional(),
  }),
} as const;

type ReactionRequests = typeof REACTION_REQUESTS;
type ReactionEvents = typeof REACTION_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends ReactionRequests {}
  interface Events extends ReactionEvents {}
}
