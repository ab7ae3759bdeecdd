/**
 * What an embedded meeting and the page around it say to each other by postMessage. Every message is an object whose `canopy` is the
 * version, 1; others are ignored. docs/embedding.md is the reference.
 */

/** What happened in the meeting, by name. */
export interface MeetingEvents {
  /** The meeting can be reached by commands. `person` answers when it has a name to join with. */
  ready: Record<never, never>;
  /** The person waits in the lobby to be let in. */
  waiting: Record<never, never>;
  joined: { roomId: string; title: string | null };
  /** `code`: why, from docs/errors.md; null if the person left by themselves. */
  left: { roomId: string; code: string | null };
  /** How many people are in the room, this one included. */
  people: { count: number };
  microphone: { on: boolean };
  camera: { on: boolean };
  /** The person shares a screen, or no longer does. */
  screen: { on: boolean };
  /** The person raised their hand, or lowered it. */
  hand: { raised: boolean };
  /** Unread chat messages. */
  unread: { messages: number };
}

export type MeetingEventName = keyof MeetingEvents;

/** What the page around a meeting may ask of it, by name. All but `setName` need the person to be in the room. */
export interface MeetingCommands {
  /** Suggests a name to someone who is asked for one. They may change it. */
  setName: { name: string };
  /** Switching on is announced to the person. */
  setMicrophone: { on: boolean };
  setCamera: { on: boolean };
  setHand: { raised: boolean };
  setView: { view: 'gallery' | 'speaker' };
  /** Opens a side panel; null closes it. */
  setPanel: { panel: 'people' | 'chat' | 'settings' | null };
  leave: Record<never, never>;
}

export type MeetingCommandName = keyof MeetingCommands;

/** From the meeting. */
export type FromMeeting =
  | { [Name in MeetingEventName]: { canopy: 1; event: Name } & MeetingEvents[Name] }[MeetingEventName]
  /** The answer to a command. */
  | { canopy: 1; reply: number; error?: CommandProblem };

/** `code`: from docs/errors.md, e.g. `ROOM_NOT_JOINED`, or `BAD_REQUEST` for an unknown command or wrong values. */
export interface CommandProblem {
  code: string;
  message: string;
}

/** To the meeting. `id` comes back as `reply`. */
export type ToMeeting = {
  [Name in MeetingCommandName]: { canopy: 1; id: number; command: Name } & MeetingCommands[Name];
}[MeetingCommandName];

/** From the window in which somebody creates a meeting for another site. */
export type FromCreation =
  | { canopy: 1; creation: 'ready' }
  | ({ canopy: 1; creation: 'created' } & CreatedMeeting)
  | { canopy: 1; creation: 'cancelled' };

/** To that window, in answer to `ready`. */
export interface ToCreation {
  canopy: 1;
  creation: 'wanted';
  /** A title for the meeting, which the person may change. */
  title?: string;
}

export interface CreatedMeeting {
  /** The link for everyone who is invited. */
  url: string;
  roomId: string;
  title: string | null;
}
