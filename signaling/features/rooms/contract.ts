/** Rooms that people own: created, listed, scheduled, configured and deleted. */
import { z } from 'zod';
import {
  encryptionPolicy,
  logged,
  nothing,
  objectId,
  roomAction,
  roomChange,
  roomDefaults,
  roomDescription,
  roomId,
  roomRole,
  roomSchedule,
  roomTitle,
} from '../../../contract/index.ts';
import type { deletedRoom, savedRooms } from './rest.ts';

/** What everyone in a room knows about it. */
const roomInfo = z.object({
  title: roomTitle.nullable(),
  locked: z.boolean(),
  /** Whether guests need a PIN. */
  hasPin: z.boolean(),
  /** Null: the server’s default. */
  maxParticipants: z.int().nullable(),
  /** How phones are told who comes and goes. Absent: not at all. */
  phoneAnnouncements: z.enum(['tone', 'name', 'recorded']).optional(),
});

/** A room in a list. */
export const roomSummary = z.object({
  roomId,
  /** Null also if this account may not enter the room any more. */
  title: roomTitle.nullable(),
  /** The account’s role in the room. */
  role: roomRole,
  /** Number of people and phones inside. */
  participants: z.int(),
  locked: z.boolean(),
  schedule: roomSchedule.optional(),
  /** Start of the current or next meeting, as Unix time in milliseconds; absent if none is scheduled. */
  nextStartMs: z.number().optional(),
  /** When the account was last inside, as Unix time in milliseconds; in `recent` only. */
  visitedAtMs: z.number().optional(),
});

export const ROOM_REQUESTS = {
  /** Creates a room that this account owns. For members and admins. */
  'room.create': {
    data: z.object({
      /** Default: made from the title, with a random ending that cannot be guessed. */
      roomId: roomId.optional(),
      ...roomChange.omit({ ownerId: true }).shape,
      encryption: encryptionPolicy.optional(),
    }),
    result: roomDescription,
  },
  /**
   * Changes a room's settings, whether or not it is open, and returns them; `{roomId}` alone changes nothing. Applies immediately to people
   * inside. For owners and admins; moderators inside may change `locked`. A bridge inside names the phone that locks or unlocks the room.
   */
  'room.configure': {
    data: z.object({ roomId, participantId: objectId.optional(), ...roomChange.shape }),
    result: roomDescription,
  },
  /** What applies where an owner has not chosen otherwise. */
  'room.defaults': { data: nothing, result: roomDefaults },
  /**
   * Lists rooms of this account. `mine`: owned and configured, or with a role given by the owner, latest first; `upcoming`: those of them
   * with a meeting to come, earliest first, at most 100; `recent`: where the account was inside, latest first.
   */
  'room.list': {
    data: z.object({
      which: z.enum(['mine', 'upcoming', 'recent']),
      limit: z.int().min(1).max(100).default(50),
      /** Returns only rooms after this one in the list. For the next page: `roomId` of the last one. Not for `upcoming`. */
      after: roomId.optional(),
    }),
    result: z.object({ rooms: z.array(roomSummary) }),
  },
  /** An invitation for calendars (RFC 5545), or its cancellation. For whoever may enter the room. */
  'room.invitation': { data: z.object({ roomId }), result: z.object({ ics: z.string() }) },
  /** Makes someone inside the room its owner, and the owner a moderator. They must be a member or an admin of the server. For owners and admins. */
  'room.handOver': { data: z.object({ participantId: objectId }), result: nothing },
  /**
   * Where to get a ZIP file with the settings of a room, its whole chat with files, and its polls: a path on this server, valid for a
   * minute. For owners and admins.
   */
  'room.export': { data: z.object({ roomId }), result: z.object({ url: z.string() }) },
  /**
   * Deletes a room with everything stored about it. People inside are disconnected with ROOM_DELETED. Returns the cancellation of a meeting
   * to come, for calendars. For owners and admins.
   */
  'room.delete': { data: z.object({ roomId }), result: z.object({ ics: z.string().optional() }) },
} as const;

export const ROOM_EVENTS = {
  /** The room’s title, lock, PIN or limit changed. */
  'room.changed': logged({ room: roomInfo }),
  /** What this peer may do has changed. */
  'room.rights': z.object({ rights: z.array(roomAction) }),
} as const;

export const ROOM_SNAPSHOT = {
  room: roomInfo,
  /** What this peer may do: its role permits it, and the server can do it. For example, nobody calls phones where there are none. */
  rights: z.array(roomAction),
} as const;

export type RoomInfo = z.infer<typeof roomInfo>;
export type RoomSummary = z.infer<typeof roomSummary>;

type RoomRequests = typeof ROOM_REQUESTS;
type RoomEvents = typeof ROOM_EVENTS;
type RoomSnapshot = typeof ROOM_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends RoomRequests {}
  interface Events extends RoomEvents {}
  interface SnapshotParts extends RoomSnapshot {}
}

declare module '../../../contract/wire.ts' {
  interface OperatorAnswers {
    'GET /api/saved-rooms': typeof savedRooms;
    'DELETE /api/saved-rooms/:roomId': typeof deletedRoom;
  }
}
