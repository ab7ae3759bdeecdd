/** What a room's owners decide: who has which role, and what each role may do. */
import { z } from 'zod';
import { roomRole, sha256Hex } from './common.ts';
import { displayable } from './names.ts';

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
  'media.send',
  'participant.mute',
  /** Stop cameras and shared screens. */
  'participant.stopVideo',
  /** Remove and ban. */
  'participant.kick',
  'participant.readmit',
  /** Show someone large to everyone. */
  'participant.spotlight',
  'reaction.send',
  'call.dial',
]);
export type RoomAction = z.infer<typeof roomAction>;

const actions = z.array(roomAction).max(roomAction.options.length);

/** Maximum number of accounts with an assigned role in a room. */
const MAX_ROLES = 500;

export const roomSettings = z.object({
  /** Everything a role may do in the room; absent roles have their defaults. Owners may do everything. */
  permissions: z.object({ moderator: actions, speaker: actions, viewer: actions }).partial(),
  /** Roles by account. Defaults for others: members `moderator`, guests `speaker`. */
  roles: z
    .record(sha256Hex, roomRole)
    .refine((roles) => Object.keys(roles).length <= MAX_ROLES, { error: `at most ${MAX_ROLES} accounts` }),
});
export type RoomSettings = z.infer<typeof roomSettings>;

const title = z.string().max(128).overwrite(displayable).min(1, 'no visible characters').nullable();

/** A change to a room. Absent fields stay as they are; null resets. */
export const roomChange = z.object({
  title: title.optional(),
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
});
export type RoomChange = z.infer<typeof roomChange>;

/** A room and its settings. */
export const roomDescription = z.object({
  roomId: z.string(),
  /** The account that first opened the room; null if no member has. */
  ownerId: sha256Hex.nullable(),
  title,
  ...roomSettings.shape,
});
export type RoomDescription = z.infer<typeof roomDescription>;
