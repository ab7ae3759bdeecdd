/** The spotlight: whom moderators show large to everyone. */
import { z } from 'zod';
import { logged, nothing, objectId } from '../../../contract/index.ts';

/** Maximum number of participants in the spotlight. */
export const MAX_SPOTLIGHTED = 3;

export const SPOTLIGHT_REQUESTS = {
  /**
   * Puts a participant into the spotlight, or takes it out. At most three at once (LIMIT_REACHED). Idempotent. For owners and moderators;
   * everyone may take themselves out.
   */
  'participant.spotlight': { data: z.object({ participantId: objectId, on: z.boolean() }), result: nothing },
} as const;

export const SPOTLIGHT_EVENTS = {
  /** Everyone now in the spotlight. Not sent when one of them leaves, which also takes them out. */
  'room.spotlight': logged({ participantIds: z.array(objectId), by: objectId }),
} as const;

export const SPOTLIGHT_SNAPSHOT = {
  /** Participants in the spotlight, in the order in which they came into it. */
  spotlight: z.array(objectId),
} as const;

type SpotlightRequests = typeof SPOTLIGHT_REQUESTS;
type SpotlightEvents = typeof SPOTLIGHT_EVENTS;
type SpotlightSnapshot = typeof SPOTLIGHT_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends SpotlightRequests {}
  interface Events extends SpotlightEvents {}
  interface SnapshotParts extends SpotlightSnapshot {}
}
