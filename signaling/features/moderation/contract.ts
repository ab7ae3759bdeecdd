/** What moderators do to others in a room. */
import { z } from 'zod';
import { nothing, objectId, sha256Hex } from '../../../contract/index.ts';

export const MODERATION_REQUESTS = {
  /** Silences somebody's microphone, or lets a phone speak again. A person may always unmute themselves. For owners and moderators. */
  'participant.mute': { data: z.object({ participantId: objectId, muted: z.boolean() }), result: nothing },
  /**
   * Removes somebody from the room; for a phone, this ends its call. A person's account is barred from the room for five minutes. For
   * owners and moderators; only admins can remove admins.
   */
  'participant.kick': { data: z.object({ participantId: objectId }), result: nothing },
  /** Lets a removed account join the room again. For owners and moderators. */
  'participant.readmit': { data: z.object({ accountId: sha256Hex }), result: nothing },
} as const;

export const MODERATION_EVENTS = {
  /** A moderator acts on a participant that this peer hosts: comply, and inform the room by the usual requests. */
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
