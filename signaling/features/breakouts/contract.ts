/** Breakout rooms: a moderator splits a meeting into small rooms for a while, and calls everybody back. */
import { z } from 'zod';
import {
  cleanText,
  displayable,
  displayableText,
  displayName,
  nothing,
  objectId,
  roomId,
  sha256Hex,
} from '../../../contract/index.ts';

const MIN_ROOMS = 2;
const MAX_ROOMS = 20;
const MAX_MESSAGE = 300;

const name = cleanText(64, displayable).min(1, 'no visible characters');

const breakoutRoom = z.object({
  roomId,
  name,
  /** How many people are in it. */
  count: z.int(),
});

/** Somebody in a plan: the account of a person, or the participant of a phone. */
const personId = z.union([sha256Hex, objectId]);

const breakoutPerson = z.object({
  personId,
  kind: z.enum(['user', 'phone']),
  displayName,
  /** The breakout room that they are assigned to. */
  assigned: roomId.nullable(),
  /** Where they are: the main room, a breakout room, or (null) neither. */
  at: roomId.nullable(),
});

/** The breakout rooms of a meeting, as one peer sees them. */
export const breakouts = z.object({
  /** The main room. */
  parentId: roomId,
  /** `none`: there are none; `planned`: only moderators see them; `closing`: everybody is being called back. */
  status: z.enum(['none', 'planned', 'open', 'closing']),
  /** Whether people choose their rooms themselves. */
  choice: z.boolean(),
  /** When an open or closing breakout ends, as Unix time in milliseconds. */
  endsAtMs: z.number().optional(),
  rooms: z.array(breakoutRoom),
  /** The room that this account is assigned to. */
  own: roomId.nullable(),
  /** For moderators: everyone in the meeting, or assigned. */
  people: z.array(breakoutPerson),
  /** Whether this peer may plan, open and close them. */
  mayManage: z.boolean(),
});
export type BreakoutsState = z.infer<typeof breakouts>;

export const BREAKOUT_REQUESTS = {
  /** Plans breakout rooms, in place of planned ones. `even`: everyone else in the main room is assigned; `choice`: people choose. */
  'breakout.plan': {
    data: z.object({
      names: z.array(name).min(MIN_ROOMS).max(MAX_ROOMS),
      assign: z.enum(['even', 'none', 'choice']),
    }),
    result: nothing,
  },
  /** Assigns somebody to a room, or to none. If the rooms are open, their devices are asked to move there; the gateway moves phones. */
  'breakout.assign': {
    data: z.object({ personId, roomId: roomId.nullable() }),
    result: nothing,
  },
  /** Opens planned rooms, and asks the devices of those assigned to move there. */
  'breakout.open': {
    data: z.object({
      /** Everybody is called back after this time, in seconds: 1 minute to 8 hours. Default: not by itself. */
      seconds: z
        .int()
        .min(60)
        .max(8 * 3600)
        .optional(),
    }),
    result: nothing,
  },
  /** Calls everybody back within ten seconds, and closes the rooms. The plan stays. */
  'breakout.close': { data: nothing, result: nothing },
  /** Deletes planned rooms with what was written in them. */
  'breakout.discard': { data: nothing, result: nothing },
  /** Assigns this account to an open room, if people choose, or to none. */
  'breakout.choose': { data: z.object({ roomId: roomId.nullable() }), result: nothing },
  /** Shows a message to everyone in the main room and all breakout rooms. */
  'breakout.message': {
    data: z.object({
      text: cleanText(MAX_MESSAGE, displayableText).min(1, 'no visible characters'),
    }),
    result: nothing,
  },
  /** Asks the moderators to come into the breakout room. */
  'breakout.help': { data: nothing, result: nothing },
} as const;

export const BREAKOUT_EVENTS = {
  /** The breakout rooms or what this peer may know about them have changed; sent at most about three times per second. */
  'breakout.changed': z.object({ breakouts }),
  /** Leave this room and join that one: at once, or within this time in seconds. It may be the main room. */
  'breakout.move': z.object({ roomId, inSeconds: z.number() }),
  /** For bridges: let this phone leave this room and join that one, as a new participant with `movedFrom`. */
  'breakout.movePhone': z.object({ participantId: objectId, roomId }),
  /** A moderator's message to all rooms. */
  'breakout.message': z.object({ text: z.string(), from: displayName }),
  /** Somebody in a breakout room asks the moderators for help. */
  'breakout.help': z.object({ roomId, from: displayName }),
} as const;

export const BREAKOUT_SNAPSHOT = { breakouts } as const;

type BreakoutRequests = typeof BREAKOUT_REQUESTS;
type BreakoutEvents = typeof BREAKOUT_EVENTS;
type BreakoutSnapshot = typeof BREAKOUT_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends BreakoutRequests {}
  interface Events extends BreakoutEvents {}
  interface SnapshotParts extends BreakoutSnapshot {}
}
