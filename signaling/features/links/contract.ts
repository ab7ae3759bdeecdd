/** Room links, which any number of people can use, and the lobby where people wait to be admitted. */
import { z } from 'zod';
import {
  displayName,
  errorBody,
  linkList,
  linkMaxPeople,
  linkTtlSeconds,
  nothing,
  objectId,
  role,
  roomId,
  roomLink,
  roomLinkSecret,
  sha256Hex,
} from '../../../contract/index.ts';

/** Identifies a client without an account across its connections; a random value that only it knows. */
const waitKey = z.string().regex(/^[A-Za-z0-9_-]{22,64}$/);

const waitingPerson = z.object({
  waitId: objectId,
  displayName,
  /** Someone with an account here, as certified; absent: a newcomer who chose the name. */
  accountId: sha256Hex.optional(),
  role: role.optional(),
  /** A newcomer who has no link, only the room's address (policy `tofu`). */
  uninvited: z.literal(true).optional(),
  /** Unix time in milliseconds. */
  sinceMs: z.number(),
});

const progress = z.object({
  /** How many people have been waiting longer. */
  ahead: z.int().min(0),
  /** How many people wait, including this one. */
  waiting: z.int().min(1),
  /** Whether anyone is in the room. Always false for someone who has neither an account nor a link. */
  isOpen: z.boolean(),
  /** Whether someone who may admit people is in the room. Always false for someone who has neither an account nor a link. */
  hostPresent: z.boolean(),
});

const admission = z.object({
  roomId,
  /** For someone without an account: the secret of an invitation for this person, valid for two minutes. Enrol with it, then join. */
  secret: z.string().optional(),
});

export const LINK_REQUESTS = {
  /** Creates a room link. Needs the right to invite to the room. */
  'link.create': {
    data: z.object({ roomId, ttlSeconds: linkTtlSeconds, maxPeople: linkMaxPeople.optional() }),
    result: roomLink,
  },
  /** The room's valid links, oldest first, and who waits in its lobby. Needs the right to invite to the room. */
  'link.list': {
    data: z.object({ roomId }),
    result: linkList,
  },
  /** Replaces a link by a new one with the same limits. The old one is withdrawn. */
  'link.renew': {
    data: z.object({
      linkId: objectId,
      ttlSeconds: linkTtlSeconds,
      /** Absent: as before; null: no limit. */
      maxPeople: linkMaxPeople.nullable().optional(),
    }),
    result: roomLink,
  },
  /** Withdraws a link: people who wait by it are refused; those who were admitted stay. */
  'link.withdraw': { data: z.object({ linkId: objectId }), result: nothing },
  /**
   * Asks to enter a room: with a room link's secret, or, when `room.join` said LOBBY_REQUIRED, with the room's id. Allowed before
   * authentication with a name, a key and a link, or where `identityPolicy` is `tofu` the room's id. Whoever has to wait keeps the place for `limits.resumeSeconds` after losing the
   * connection: knock again with the same account or key. `lobby.admitted` or `lobby.refused` ends the wait.
   */
  'lobby.knock': {
    data: z.object({
      secret: roomLinkSecret.optional(),
      roomId: roomId.optional(),
      displayName: displayName.optional(),
      key: waitKey.optional(),
    }),
    result: z.union([
      z.object({ status: z.literal('waiting'), waitId: objectId, roomId, progress }),
      z.object({ status: z.literal('admitted'), ...admission.shape }),
    ]),
  },
  /** Stops waiting. */
  'lobby.cancel': { data: nothing, result: nothing },
  /** Lets waiting people in. People who no longer wait are skipped; the result names those admitted. */
  'lobby.admit': {
    data: z.object({ waitIds: z.array(objectId).min(1).max(100) }),
    result: z.object({ waitIds: z.array(objectId) }),
  },
  /** Turns waiting people away for five minutes. People who no longer wait are skipped; the result names those denied. */
  'lobby.deny': {
    data: z.object({ waitIds: z.array(objectId).min(1).max(100) }),
    result: z.object({ waitIds: z.array(objectId) }),
  },
} as const;

export const LINK_EVENTS = {
  /** Sent to people in the lobby when their place changes, or somebody enters or leaves the room. */
  'lobby.progress': progress,
  /** To someone who waited: they may enter. */
  'lobby.admitted': admission,
  /** To someone who waited: they may not enter, and why. */
  'lobby.refused': z.object({ error: errorBody }),
  /** To people who may admit: someone has begun to wait. */
  'lobby.waiting': z.object({ person: waitingPerson }),
  /** To people who may admit: someone no longer waits. `by`: the participant who decided; null: nobody in the room. */
  'lobby.gone': z.object({
    waitId: objectId,
    outcome: z.enum(['admitted', 'denied', 'left']),
    by: objectId.nullable(),
  }),
  /** To people whose right to admit has changed: everyone whom they now see waiting. */
  'lobby.list': z.object({ people: z.array(waitingPerson) }),
} as const;

export const LINK_SNAPSHOT = {
  /** The people in the lobby, longest-waiting first; absent for participants who may not admit. */
  lobby: z.array(waitingPerson).optional(),
} as const;

type LinkRequests = typeof LINK_REQUESTS;
type LinkEvents = typeof LINK_EVENTS;
type LinkSnapshot = typeof LINK_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends LinkRequests {}
  interface Events extends LinkEvents {}
  interface SnapshotParts extends LinkSnapshot {}
}
