/** What a room's owners decide: who has which role in it, and what each role may do. */
import { z } from 'zod';
import { roomRole, sha256Hex } from './common.ts';
import { displayable } from './names.ts';

/** What owners may give to a role in their room, or take from it. */
export const roomAction = z.enum([
  /** Enter with an invitation to the room, or with a role that an owner gave. */
  'room.enter',
  /** Enter without either. Needs `room.enter` too. */
  'room.enterUninvited',
  /** Be the first to enter. */
  'room.open',
  /** Invite guests to the room. */
  'room.invite',
  'media.send',
  'participant.mute',
  'participant.kick',
  'participant.readmit',
  'call.dial',
]);
export type RoomAction = z.infer<typeof roomAction>;

const actions = z.array(roomAction).max(roomAction.options.length);

/** Most accounts that have a role of their own in a room. */
const MAX_ROLES = 500;

export const roomSettings = z.object({
  /** All that a role may do in the room; roles that are absent have their defaults. Owners may do everything. */
  permissions: z.object({ moderator: actions, speaker: actions, viewer: actions }).partial(),
  /** Roles by account. Others have their default: members `moderator`, guests `speaker`. */
  roles: z
    .record(sha256Hex, roomRole)
    .refine((roles) => Object.keys(roles).length <= MAX_ROLES, { error: `at most ${MAX_ROLES} accounts` }),
});
export type RoomSettings = z.infer<typeof roomSettings>;

const title = z.string().max(128).overwrite(displayable).min(1, 'no visible characters').nullable();

/** A change of a room. What is absent stays as it is; null resets. */
export const roomChange = z.object({
  title: title.optional(),
  /** The account that owns the room from now on; null: the next member or admin who opens it, unless it is configured. For admins. */
  ownerId: sha256Hex.nullable().optional(),
  permissions: z
    .object({ moderator: actions.nullable(), speaker: actions.nullable(), viewer: actions.nullable() })
    .partial()
    .optional(),
  roles: z
    .record(sha256Hex, roomRole.nullable())
    .refine((roles) => Object.keys(roles).length <= MAX_ROLES, { error: `at most ${MAX_ROLES} accounts` })
    .optional(),
});
export type RoomChange = z.infer<typeof roomChange>;

/** A room and what was decided for it. */
export const roomDescription = z.object({
  roomId: z.string(),
  /** The account of whoever opened the room first; null if no member has. */
  ownerId: sha256Hex.nullable(),
  title,
  ...roomSettings.shape,
});
export type RoomDescription = z.infer<typeof roomDescription>;
