import type { Role, RoomAction } from '../../../contract/index.ts';

/** Actions in a room. Those that the contract does not list depend on the standing alone; a room's settings cannot change them. */
export type ActionInRoom =
  | RoomAction
  /** Change the room's settings. */
  | 'room.configure'
  /** Make somebody else in the room its owner. */
  | 'room.handOver'
  /** Delete the room. */
  | 'room.delete'
  /** Enter a room with a PIN without it. */
  | 'room.enterWithoutPin'
  /** Set which account owns the room. */
  | 'room.setOwner'
  /** Enter while barred after a removal. */
  | 'room.enterBarred'
  /** Enter without waiting, even if everyone has to. */
  | 'lobby.skip'
  /** Remove a server's admin. */
  | 'participant.kickAdmin'
  /** Ban people, besides the right to remove them. */
  | 'participant.ban'
  | 'participant.banOwner'
  /** Nobody may do these two. */
  | 'participant.banAdmin'
  | 'participant.banBridge'
  /** Send although a moderator stopped it. */
  | 'media.sendStopped'
  /** Host participants, as a bridge. */
  | 'participant.host'
  /** Change the names of others. */
  | 'participant.renameOthers'
  /** Raise a hand to ask to speak. */
  | 'hand.raise'
  /** Lower the hands of others. */
  | 'hand.lowerOthers'
  /** Read the whole chat, also what was written before one first came. */
  | 'chat.readAll'
  /** Change, close and delete polls of others. */
  | 'poll.manage'
  /** Delete recordings that others started. */
  | 'recording.manage'
  /** Plan, open, visit and close breakout rooms. */
  | 'breakout.manage';

/** Actions on the server, outside any room. */
export type ServerAction =
  | `invite.create:${Role}`
  /** Create rooms to own. */
  | 'room.create'
  /** Keep contacts. */
  | 'contact.keep'
  /** Call other people directly, and be called. */
  | 'person.call'
  /** Call telephone numbers directly, as the dial plan permits. */
  | 'number.call'
  /** Have phones of one's own, which ring when one is called. */
  | 'phone.keep'
  /** Become the phone gateway in charge of calls. */
  | 'gateway.register'
  /** Use the operator's API from the page. */
  | 'console.open'
  | AdminAction;

/** Uses of the operator's API, by subject. */
export type AdminAction =
  | 'account.administer'
  | 'invitation.administer'
  | 'link.administer'
  | 'stream.administer'
  | 'room.administer'
  | 'chat.administer'
  | 'recording.administer'
  | 'telephony.administer'
  | 'call.administer'
  | 'token.administer'
  | 'audit.administer'
  | 'server.administer'
  | 'webhook.administer';

/** Each action, worded to complete “your role does not let you …”. */
export const PHRASES: Record<ActionInRoom | ServerAction, string> = {
  'room.enter': 'enter',
  'room.enterUninvited': 'enter without an invitation to this room',
  'room.enterBarred': 'come back yet',
  'room.open': 'be the first to enter',
  'room.invite': 'invite guests to this room',
  'room.lock': 'lock or unlock this room',
  'room.handOver': 'hand over this room',
  'room.delete': 'delete this room',
  'room.enterWithoutPin': 'enter without the PIN',
  'room.configure': 'change the settings of this room',
  'room.setOwner': 'set the owner of this room',
  'media.send': 'send audio or video',
  'participant.mute': 'mute others',
  'participant.kick': 'remove others',
  'participant.kickAdmin': 'remove an admin of the server',
  'participant.ban': 'ban people',
  'participant.banOwner': 'ban an owner of this room',
  'participant.banAdmin': 'ban an admin of the server',
  'participant.banBridge': 'ban phones',
  'participant.stopVideo': 'stop the video of others',
  'participant.spotlight': 'choose who is shown large to everyone',
  'media.sendStopped': 'start what a moderator stopped',
  'reaction.send': 'send reactions',
  'participant.readmit': 'readmit people',
  'lobby.admit': 'admit people who wait in the lobby',
  'lobby.skip': 'enter without waiting in the lobby',
  'participant.host': 'host participants',
  'participant.renameOthers': 'rename others',
  'hand.raise': 'raise your hand',
  'hand.lowerOthers': 'lower the hands of others',
  'chat.send': 'write in the chat',
  'chat.sendFile': 'send files',
  'chat.moderate': 'remove messages of others',
  'chat.readAll': 'read the whole chat',
  'poll.create': 'ask polls',
  'poll.vote': 'vote in polls',
  'poll.manage': 'change polls of others',
  'recording.control': 'record',
  'recording.view': 'see its recordings',
  'recording.manage': 'manage recordings of others',
  'captions.control': 'start or stop captions',
  'breakout.manage': 'manage breakout rooms',
  'call.dial': 'call phones',
  'invite.create:admin': 'invite an admin',
  'invite.create:member': 'invite a member',
  'invite.create:guest': 'invite guests',
  'invite.create:bridge': 'invite a bridge',
  'room.create': 'create rooms',
  'contact.keep': 'keep contacts',
  'person.call': 'call people directly',
  'number.call': 'call telephone numbers',
  'phone.keep': 'have phones',
  'gateway.register': 'register as the phone gateway',
  'console.open': 'open the console',
  'account.administer': 'administer accounts',
  'invitation.administer': 'administer invitations',
  'link.administer': 'administer room links',
  'stream.administer': 'administer stream keys',
  'room.administer': 'administer rooms',
  'chat.administer': 'administer chats',
  'recording.administer': 'administer recordings',
  'telephony.administer': 'administer phones',
  'call.administer': 'administer calls',
  'token.administer': 'administer API tokens',
  'audit.administer': 'read the audit log',
  'server.administer': 'see the state of the server',
  'webhook.administer': 'administer webhooks',
};
