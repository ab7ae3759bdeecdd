import type { Visitor } from './principals/index.ts';
import type { RoomRecord } from './rooms/index.ts';

/** A message of a room's chat as it is now. */
export interface PastMessage {
  /** Its position in the chat. */
  seq: number;
  /** Unix time in milliseconds. */
  sentAtMs: number;
  /** Its author's name at that time; null: the account was deleted. */
  displayName: string | null;
  text: string;
  /** Names of its files. */
  files: string[];
}

/** A page of messages, oldest first. */
export interface PastMessages {
  messages: PastMessage[];
  /** Whether there are later ones. */
  more: boolean;
}

/**
 * What was written in a room from `fromMs` until before `toMs` (Unix times in milliseconds) and after the `seq` named `after`, as far as
 * `visitor` may read it. Deleted messages are left out. Whether the visitor may look into the room at all is checked before.
 */
export type ChatDuring = (
  visitor: Visitor,
  room: RoomRecord,
  span: { fromMs: number; toMs: number; after: number },
) => Promise<PastMessages>;
