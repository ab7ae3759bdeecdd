import type { Role, RoomAction } from '../../../contract/index.ts';

/** What is done in a room. Those that the contract does not list belong to a standing, and no room's settings change them. */
export type ActionInRoom =
  | RoomAction
  /** Change the room's settings. */
  | 'room.configure'
  /** Say which account owns the room. */
  | 'room.setOwner'
  /** Enter although removed a short time ago. */
  | 'room.enterBarred'
  /** Remove a server's admin. */
  | 'participant.kickAdmin'
  /** Bring participants in, as a bridge. */
  | 'participant.host'
  /** Give others another name. */
  | 'participant.renameOthers'
  /** Ask to speak by raising a hand. */
  | 'hand.raise'
  /** Lower the hand of somebody else. */
  | 'hand.lowerOthers';

/** What is done on the server, outside of any room. */
export type ServerAction =
  | `invite.create:${Role}`
  /** Take charge of the server's phone calls. */
  | 'gateway.register'
  /** The operator's API, by what it is about. */
  | 'account.administer'
  | 'invitation.administer'
  | 'room.administer'
  | 'telephony.administer';

/** Each action as the end of “your role does not let you …”. */
export const PHRASES: Record<ActionInRoom | ServerAction, string> = {
  'room.enter': 'enter',
  'room.enterUninvited': 'enter without an invitation to this room',
  'room.enterBarred': 'come back yet',
  'room.open': 'be the first to enter',
  'room.invite': 'invite guests to this room',
  'room.configure': 'change the settings of this room',
  'room.setOwner': 'set the owner of this room',
  'media.send': 'send audio or video',
  'participant.mute': 'mute others',
  'participant.kick': 'remove others',
  'participant.kickAdmin': 'remove an admin of the server',
  'participant.readmit': 'readmit people',
  'participant.host': 'host participants',
  'participant.renameOthers': 'rename others',
  'hand.raise': 'raise your hand',
  'hand.lowerOthers': 'lower the hands of others',
  'call.dial': 'call phones',
  'invite.create:admin': 'invite an admin',
  'invite.create:member': 'invite a member',
  'invite.create:guest': 'invite guests',
  'invite.create:bridge': 'invite a bridge',
  'gateway.register': 'register as the phone gateway',
  'account.administer': 'administer accounts',
  'invitation.administer': 'administer invitations',
  'room.administer': 'administer rooms',
  'telephony.administer': 'administer phones',
};
