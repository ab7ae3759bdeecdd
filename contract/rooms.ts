/** What a room's owners decide: who has which role, and what each role may do. */
import { z } from 'zod';
import { cleanText, roomRole, sha256Hex } from './common.ts';
import { encryptionPolicy } from './encryption.ts';
import { displayable, displayableText } from './names.ts';
import { automaticVideo, compositionLayout } from './recording.ts';

/** Permissions that owners may grant to a role in their room, or revoke. */
export const roomAction = z.enum([
  /** Enter with an invitation to the room, or with a role assigned by an owner. */
  'room.enter',
  /** Enter without either. Requires `room.enter` too. */
  'room.enterUninvited',
  /** Be the first to enter. */
  'room.open',
  /** Invite guests to the room. */
  'room.invite',
  /** Lock and unlock the room. */
  'room.lock',
  'media.send',
  'participant.mute',
  /** Stop cameras and shared screens. */
  'participant.stopVideo',
  /** Remove and ban. */
  'participant.kick',
  'participant.readmit',
  /** See who waits in the lobby, and admit or deny them. */
  'lobby.admit',
  /** Show someone large to everyone. */
  'participant.spotlight',
  'reaction.send',
  'call.dial',
  /** Write in the chat. */
  'chat.send',
  /** Send files in the chat. Requires `chat.send` too. */
  'chat.sendFile',
  /** Remove messages of others. */
  'chat.moderate',
  /** Ask polls. */
  'poll.create',
  /** Vote in polls. */
  'poll.vote',
  /** Record the room. */
  'recording.control',
  /** See, play and download the room's recordings. */
  'recording.view',
  /** Start and stop captions, for which voices are sent to a transcription service. */
  'captions.control',
]);
export type RoomAction = z.infer<typeof roomAction>;

/**
 * Who waits to be admitted. `guests`, the default: people with a room link whom the room would not let in otherwise; `everyone`: also
 * members and invited guests, but not owners, admins and accounts with an assigned role; `off`: nobody, so that a room link lets people in.
 */
export const lobbyMode = z.enum(['off', 'guests', 'everyone']);
export type LobbyMode = z.infer<typeof lobbyMode>;

const actions = z.array(roomAction).max(roomAction.options.length);

/** Maximum number of accounts with an assigned role in a room. */
const MAX_ROLES = 500;

/** The PIN of a room: 6 to 12 digits. */
const roomPin = z.string().regex(/^\d{6,12}$/);

/** How often a scheduled meeting repeats. */
const recurrence = z.enum(['weekly']);

/** A wall-clock time such as `2027-03-01T09:30`. */
const localTime = z
  .string()
  .regex(/^2\d{3}-\d{2}-\d{2}T\d{2}:\d{2}$/)
  .refine(isCalendarTime, { error: 'no such day or time' });

/** When a meeting takes place. It does not open or close the room. */
export const roomSchedule = z.object({
  /** Start of the first meeting in `timeZone`. A repeated meeting keeps this time of day across changes of daylight saving time. */
  startsAt: localTime,
  durationMinutes: z
    .int()
    .min(5)
    .max(24 * 60),
  /** IANA name, e.g. `Europe/Berlin`. */
  timeZone: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/)
    .refine(isTimeZone, { error: 'unknown time zone' }),
  repeats: recurrence.optional(),
  description: cleanText(1000, displayableText).optional(),
});
export type RoomSchedule = z.infer<typeof roomSchedule>;

/** A schedule as stored. */
const storedSchedule = roomSchedule.extend({
  /** Number of changes so far: calendars replace an earlier version by a later one. */
  sequence: z.int(),
  changedAtMs: z.number().describe('Unix time in milliseconds.'),
  isCancelled: z.boolean().optional(),
});

/** What owners set besides roles and permissions. Absent: the default. */
const options = {
  /** Only owners, moderators appointed by them, and people who are inside already may enter. Default false. */
  locked: z.boolean(),
  /** Maximum number of people and phones. Owners may exceed it. Default: `limits.participantsPerRoom`. */
  maxParticipants: z.int().min(1).max(1000),
  /** How long the room stays open with nobody inside, in seconds; then its log is gone. Default 0. */
  emptyTimeout: z.int().min(0).max(3600),
  /** How long the seat of someone whose connection was lost is kept, in seconds. Default: `limits.resumeSeconds`. */
  departureTimeout: z.int().min(0).max(300),
  /**
   * Who may read what: `all`: everyone may read everything; `sinceJoined`: owners and accounts with a role in the room may read everything,
   * others what was written since they first came. Default `sinceJoined`.
   */
  chatHistory: z.enum(['all', 'sinceJoined']),
  /** Who waits in the lobby. Default `guests`. */
  lobby: lobbyMode,
  /** How long messages are kept, in days. Default 30. */
  chatDays: z.int().min(1).max(3650),
  /**
   * How phones are told who comes and goes: by a tone, or by name. With `recorded`, callers are asked for their name and announced in their
   * own voice, everyone else by name. Default `off`.
   */
  phoneAnnouncements: z.enum(['off', 'tone', 'name', 'recorded']),
  /**
   * Whether the sound of phones is forwarded as they send it while everybody in the room can play that (G.711 and G.722). Default `off`: it
   * is always converted to Opus.
   */
  phonePassThrough: z.enum(['off', 'automatic']),
  /** How long files are kept, in days, but no longer than their messages. Default: as long. */
  fileDays: z.int().min(1).max(3650),
  /** How long recordings are kept after they have ended, in days. Default: until somebody deletes them. */
  recordingDays: z.int().min(1).max(3650),
  /** Whether recordings may be shared by links with people who have no account. False also suspends the links that there are. Default true. */
  recordingSharing: z.boolean(),
  /**
   * What the server makes of each recording once it has ended: nothing, a video, or sound alone (`m4a`, `opus`). Of an audio recording, always
   * sound alone. Default: `recording.video`.
   */
  recordingVideo: automaticVideo,
  /** Layout of these videos. Default: `recording.videoLayout`. */
  recordingVideoLayout: compositionLayout,
};

export const roomSettings = z.object({
  /** Everything a role may do in the room; absent roles have their defaults. Owners may do everything. */
  permissions: z.object({ moderator: actions, speaker: actions, viewer: actions }).partial(),
  /** Roles by account. Defaults for others: members `moderator`, guests `speaker`. */
  roles: z
    .record(sha256Hex, roomRole)
    .refine((roles) => Object.keys(roles).length <= MAX_ROLES, { error: `at most ${MAX_ROLES} accounts` }),
  ...z.object(options).partial().shape,
  schedule: storedSchedule.optional(),
  /** Fixed when the room is created. Absent: the server's default (`media.encryption`). */
  encryption: encryptionPolicy.optional(),
});
export type RoomSettings = z.infer<typeof roomSettings>;

export const roomTitle = cleanText(128, displayable).min(1, 'no visible characters');

/** A change to a room. Absent fields stay as they are; null resets. */
export const roomChange = z.object({
  title: roomTitle.nullable().optional(),
  /** The account that owns the room from now on; null: the next member or admin who opens it, unless one is configured. Admins only. */
  ownerId: sha256Hex.nullable().optional(),
  permissions: z
    .object({ moderator: actions.nullable(), speaker: actions.nullable(), viewer: actions.nullable() })
    .partial()
    .optional(),
  roles: z
    .record(sha256Hex, roomRole.nullable())
    .refine((roles) => Object.keys(roles).length <= MAX_ROLES, { error: `at most ${MAX_ROLES} accounts` })
    .optional(),
  lobby: lobbyMode.nullable().optional(),
  locked: options.locked.nullable().optional(),
  maxParticipants: options.maxParticipants.nullable().optional(),
  emptyTimeout: options.emptyTimeout.nullable().optional(),
  departureTimeout: options.departureTimeout.nullable().optional(),
  /** Guests without a role must enter it. Phones are asked for the PIN of the dial plan instead. */
  pin: roomPin.nullable().optional(),
  /** null cancels the meeting. */
  schedule: roomSchedule.nullable().optional(),
  chatHistory: options.chatHistory.nullable().optional(),
  chatDays: options.chatDays.nullable().optional(),
  fileDays: options.fileDays.nullable().optional(),
  recordingDays: options.recordingDays.nullable().optional(),
  recordingSharing: options.recordingSharing.nullable().optional(),
  recordingVideo: options.recordingVideo.nullable().optional(),
  recordingVideoLayout: options.recordingVideoLayout.nullable().optional(),
  phoneAnnouncements: options.phoneAnnouncements.nullable().optional(),
  phonePassThrough: options.phonePassThrough.nullable().optional(),
});
export type RoomChange = z.infer<typeof roomChange>;

/** What applies to rooms whose owner has not chosen otherwise. */
export const roomDefaults = z.object({
  permissions: z.object({ moderator: actions, speaker: actions, viewer: actions }),
  maxParticipants: z.int(),
  /** In seconds. */
  departureTimeout: z.number(),
  recordingVideo: options.recordingVideo,
  recordingVideoLayout: options.recordingVideoLayout,
});

/** A room and its settings. */
export const roomDescription = z.object({
  roomId: z.string(),
  /** The account that first opened the room; null if no member has. */
  ownerId: sha256Hex.nullable(),
  title: roomTitle.nullable(),
  ...roomSettings.shape,
  /** Whether guests need a PIN. The PIN itself is not stored. Absent: no. */
  hasPin: z.boolean().optional(),
});
export type RoomDescription = z.infer<typeof roomDescription>;

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function isCalendarTime(text: string): boolean {
  const time = new Date(`${text}:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}
