/** Moderation of other participants in a room. */
import { z } from 'zod';
import { logged, type mediaSource, nothing, objectId, sha256Hex } from '../../../contract/index.ts';
import type { closeRoomResponse, roomList } from './rest.ts';

/** What moderators stop separately; a screen with its sound is one. */
export const stoppable = z.enum(['microphone', 'camera', 'screen']);
export type Stoppable = z.infer<typeof stoppable>;

/** How newcomers enter: as they like, muted, or muted until a moderator allows them to unmute. Owners and moderators enter as they like. */
const entryRule = z.enum(['free', 'muted', 'denied']);

/** What moderators did to a participant. */
const restraint = z.object({
  participantId: objectId,
  /** Whether a moderator muted it, and it has not unmuted since. */
  muted: z.boolean(),
  /** What it may not start until a moderator asks it to. Applies to all devices of a person. */
  denied: z.array(stoppable),
});

/** Whether the participant is kept from starting it again. Owners and moderators never are. */
const deny = z.boolean().optional();

export const MODERATION_REQUESTS = {
  /**
   * Mutes a participant's microphone, or unmutes a phone. People unmute themselves, unless `deny` is set: then a moderator has to ask them
   * to. For owners and moderators.
   */
  'participant.mute': {
    data: z.object({ participantId: objectId, muted: z.boolean(), deny }),
    result: nothing,
  },
  /**
   * Mutes everyone except oneself, or except owners and moderators. `onEntry`: newcomers enter muted too, until `participant.allowAll`. For
   * owners and moderators. A bridge names the phone that asks for it.
   */
  'participant.muteAll': {
    data: z.object({
      except: z.enum(['me', 'moderators']),
      onEntry: z.boolean().default(false),
      deny,
      participantId: objectId.optional(),
    }),
    result: nothing,
  },
  /** Lets everyone unmute themselves, and newcomers enter unmuted. Nobody is unmuted by it. For owners and moderators. */
  'participant.allowAll': { data: nothing, result: nothing },
  /** Stops a person's camera or shared screen. They can start it again unless `deny` is set. For owners and moderators. */
  'participant.stopVideo': {
    data: z.object({ participantId: objectId, source: z.enum(['camera', 'screen']), deny }),
    result: nothing,
  },
  /** Allows a participant to start it again, and asks a person to (`participant.asked`). For owners and moderators. */
  'participant.ask': { data: z.object({ participantId: objectId, source: stoppable }), result: nothing },
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
    action: z.enum(['mute', 'unmute', 'kick', 'stop-camera', 'stop-screen']),
    by: objectId.nullable(),
  }),
  /** A moderator asks a participant that this peer hosts to unmute, or to start the camera or sharing its screen. Leave it to the person. */
  'participant.asked': z.object({ participantId: objectId, source: stoppable, by: objectId.nullable() }),
  /** A participant's restraint changed. `by`: the moderator; null for the operator, or if it unmuted itself. Gone when it leaves. */
  'participant.restrained': logged({ ...restraint.shape, by: objectId.nullable() }),
  /** How newcomers enter from now on. */
  'room.entryRule': logged({ rule: entryRule, by: objectId.nullable() }),
} as const;

export const MODERATION_SNAPSHOT = {
  moderation: z.object({
    entryRule,
    /** Of participants who have one. */
    restraints: z.array(restraint),
  }),
} as const;

/** What a source belongs to. */
export function stoppableOf(source: z.infer<typeof mediaSource>): Stoppable {
  return source === 'screen-audio' ? 'screen' : source;
}

type ModerationRequests = typeof MODERATION_REQUESTS;
type ModerationEvents = typeof MODERATION_EVENTS;
type ModerationSnapshot = typeof MODERATION_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends ModerationRequests {}
  interface Events extends ModerationEvents {}
  interface SnapshotParts extends ModerationSnapshot {}
}

declare module '../../../contract/wire.ts' {
  interface OperatorAnswers {
    'GET /api/rooms': typeof roomList;
    'DELETE /api/rooms/:roomId': typeof closeRoomResponse;
    'POST /api/rooms/:roomId/participants/:participantId/mute': typeof nothing;
    'DELETE /api/rooms/:roomId/participants/:participantId': typeof nothing;
  }
}
