import { type RoomRole, roomAction } from '../../../contract/index.ts';
import type { ActionInRoom, ServerAction } from './actions.ts';

/**
 * A principal's standing in a room: a role in it, admin of the server, or bridge. In the room of a direct call, only `party`, one of its
 * people, and `outsider`, everyone else.
 */
export type Standing = RoomRole | 'admin' | 'bridge' | 'party' | 'outsider';

/** A principal's standing on the server. */
export type ServerStanding =
  | 'admin'
  | 'member'
  | 'guest'
  | 'bridge'
  | 'gateway'
  | 'phone'
  | 'newcomer'
  | 'stream'
  | 'token';

const MODERATING: readonly ActionInRoom[] = [
  ...roomAction.options,
  'room.enterWithoutPin',
  'participant.renameOthers',
  'participant.ban',
  'media.sendStopped',
  'hand.raise',
  'hand.lowerOthers',
  'poll.manage',
  'breakout.manage',
];

/** The actions each standing may take in a room with default settings. */
export const IN_ROOM: Readonly<Record<Standing, ReadonlySet<ActionInRoom>>> = {
  admin: new Set([
    ...MODERATING,
    'room.configure',
    'room.handOver',
    'room.delete',
    'room.setOwner',
    'room.enterBarred',
    'lobby.skip',
    'participant.kickAdmin',
    'chat.readAll',
    'recording.manage',
    'participant.banOwner',
  ]),
  owner: new Set([
    ...MODERATING,
    'room.configure',
    'room.handOver',
    'room.delete',
    'lobby.skip',
    'chat.readAll',
    'recording.manage',
  ]),
  moderator: new Set(MODERATING),
  speaker: new Set([
    'room.enter',
    'room.open',
    'media.send',
    'chat.send',
    'chat.sendFile',
    'poll.vote',
    'hand.raise',
    'reaction.send',
  ]),
  viewer: new Set(['room.enter', 'chat.send', 'poll.vote', 'hand.raise', 'reaction.send']),
  bridge: new Set([
    'room.enter',
    'room.enterUninvited',
    'room.enterWithoutPin',
    'room.open',
    'lobby.skip',
    'media.send',
    'participant.host',
  ]),
  party: new Set([
    'room.enter',
    'room.enterUninvited',
    'room.open',
    'media.send',
    'chat.send',
    'chat.readAll',
    'hand.raise',
    'reaction.send',
  ]),
  outsider: new Set(),
};

/** The actions each standing may take on the server. */
export const ON_SERVER: Readonly<Record<ServerStanding, ReadonlySet<ServerAction>>> = {
  admin: new Set([
    'room.create',
    'contact.keep',
    'person.call',
    'number.call',
    'phone.keep',
    'console.open',
    'invite.create:admin',
    'invite.create:member',
    'invite.create:guest',
    'invite.create:bridge',
  ]),
  member: new Set([
    'room.create',
    'contact.keep',
    'person.call',
    'number.call',
    'phone.keep',
    'invite.create:guest',
  ]),
  guest: new Set(),
  bridge: new Set(),
  gateway: new Set(['gateway.register']),
  phone: new Set(),
  newcomer: new Set(),
  stream: new Set(),
  token: new Set([
    'room.create',
    'invite.create:admin',
    'invite.create:member',
    'invite.create:guest',
    'invite.create:bridge',
    'account.administer',
    'invitation.administer',
    'link.administer',
    'stream.administer',
    'room.administer',
    'chat.administer',
    'recording.administer',
    'telephony.administer',
    'call.administer',
    'token.administer',
    'audit.administer',
    'server.administer',
    'webhook.administer',
  ]),
};
