/** Moderation of other participants in a room. */
import { z } from 'zod';
import { nothing, objectId, sha256Hex } from '../../../contract/index.ts';

export const MODERATION_REQUESTS = {
  /** Mutes a participant's microphone, or unmutes a phone. People can always unmute themselves. For owners and moderators. */
  'participant.mute': { data: z.object({ participantId: objectId, muted: z.boolean() }), result: nothing },
  /**
   * Removes a participant from the room; a phone's call ends. A person's account is barred from the room for five minutes. For owners and
   * moderators; only admins can remove admins.
   */
  'participant.kick': { data: z.object({ participantId: objectId }), result: nothing },
  /** Lets a removed account join the room again. For owners and moderators. */
  'participant.readmit': { data: z.object({ accountId: sha256Hex }), result: nothing },
} as const;

export const MODERATION_EVENTS = {
  /** A moderator acts on a participant that this peer hosts. Comply, and update the room with the usual requests. */
  'participant.action': z.object({
    participantId: objectId,
    action: z.enum(['mute', 'unmute', 'kick']),
    by: objectId.nullable(),
  }),
} as const;

type ModerationRequests = typeof MODERATION_REQUESTS;
type ModerationEvents = typeof MODERATION_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends ModerationRequests {}
  interface Events extends ModerationEvents {}
}
