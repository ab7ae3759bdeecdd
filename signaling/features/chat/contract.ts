/** Chat in a room: messages that are kept, and who has read them. */
import { z } from 'zod';
import {
  cleanText,
  displayableText,
  displayName,
  isEmoji,
  logged,
  nothing,
  objectId,
  requestId,
  roomId,
  sealedContent,
  sha256Hex,
} from '../../../contract/index.ts';
import { chatFile, fileDescription, MAX_FILES } from './files/contract.ts';

export { FILE_REQUESTS } from './files/contract.ts';

/** Maximum length of a message, in UTF-16 code units. */
const MAX_TEXT = 4000;
const MAX_MENTIONS = 20;
/** Maximum length of a sealed reaction, in base64: there is one per account. */
const MAX_SEALED_REACTION = 1024;
/** Maximum number of messages per answer. An answer with long texts has fewer. */
const MAX_PAGE = 100;

const anyText = cleanText(MAX_TEXT, displayableText);
const mentions = z.array(sha256Hex).max(MAX_MENTIONS);
const seq = z.int().min(1);
const limit = z.int().min(1).max(MAX_PAGE).default(50);

/** In an encrypted room: the emoji that an account has put on a message, sealed as `reaction`. */
const sealedReaction = z.object({ accountId: sha256Hex, sealed: sealedContent });
export type SealedReaction = z.infer<typeof sealedReaction>;

export const chatMessage = z.object({
  /** Its position in the room's chat. Grows, with gaps. */
  seq,
  /** The room's revision when the message last changed. */
  rev: seq,
  /** Chosen by its author's client. */
  id: requestId,
  /** Names as they were when it was written. Null: the account was deleted. */
  author: z
    .object({
      accountId: sha256Hex,
      participantId: objectId,
      displayName,
      /** The name in the certificate, if the person used another one. */
      certifiedName: displayName.optional(),
    })
    .nullable(),
  /** Unix time in milliseconds. */
  sentAtMs: z.number(),
  /** Empty if it is gone. May be empty if there are files. */
  text: z.string(),
  /** Absent if there are none. */
  files: z.array(chatFile).optional(),
  /** `seq` of the message that it answers, which may be gone or not visible to the reader. */
  replyTo: seq.optional(),
  /** Accounts that it mentions. */
  mentions: z.array(sha256Hex),
  /** When the author last edited it. Unix time in milliseconds. */
  editedAtMs: z.number().optional(),
  /** `deleted`: by its author; `removed`: by a moderator or the operator. */
  gone: z.enum(['deleted', 'removed']).optional(),
  /** In the order in which each emoji was first used. */
  reactions: z.array(z.object({ emoji: z.string(), accountIds: z.array(sha256Hex) })),
  /**
   * In an encrypted room: what was written, sealed as `message`, or as `edit` if it has been edited. Then text, mentions and reactions are
   * empty, `replyTo` is absent, and the files have no names.
   */
  sealed: sealedContent.optional(),
  sealedReactions: z.array(sealedReaction).optional(),
});
export type ChatMessage = z.infer<typeof chatMessage>;

/** The parts of a message that can change. */
const chatChange = chatMessage
  .pick({
    text: true,
    files: true,
    mentions: true,
    editedAtMs: true,
    gone: true,
    reactions: true,
    sealed: true,
  })
  .partial()
  .extend({
    /** The reaction of this account is now another one; without `sealed`, it has none. */
    sealedReaction: sealedReaction.partial({ sealed: true }).optional(),
  });
export type ChatChange = z.infer<typeof chatChange>;

/** A state of a room's chat. */
const chatPosition = z.object({
  /** Identifies the chat. A room whose chat was deleted gets a new one with the next message. */
  chatId: z.string().max(64),
  /** Number of changes so far. */
  rev: z.int().min(0),
});
export type ChatPosition = z.infer<typeof chatPosition>;

const chatPage = z.object({
  /** By `seq`, oldest first. */
  messages: z.array(chatMessage),
  /** Whether there are more in this direction. */
  more: z.boolean(),
});
export type ChatPage = z.infer<typeof chatPage>;

export const CHAT_REQUESTS = {
  /**
   * What changed in the chat of a room after a position: send it after every join, with the last position you have. Without one, or if too
   * much has changed, the answer is `fresh`: it replaces everything known. Those who are not in the room need the right to enter.
   */
  'chat.sync': {
    data: z.object({ roomId, since: chatPosition.optional(), limit }),
    result: z.object({
      /** Null: nothing has been written yet. */
      position: chatPosition.nullable(),
      /** The newest messages, and `messages` is a page of history. Otherwise: all changed messages, in any order. */
      fresh: z.boolean(),
      messages: z.array(chatMessage),
      /** `fresh`: whether there are older messages. */
      more: z.boolean(),
      /** `seq` up to which the account has read; 0: nothing. */
      readSeq: z.int().min(0),
      /** Messages of others after that, at most 100, and how many of these mention the account. */
      unread: z.int(),
      unreadMentions: z.int(),
      /** Whether they may write, and remove messages of others, in this room. */
      maySend: z.boolean(),
      /** Whether they may also send files, and the maximum size of one in bytes. */
      maySendFiles: z.boolean().optional(),
      maxFileBytes: z.int().optional(),
      mayModerate: z.boolean(),
    }),
  },
  /** A page of messages before or after a `seq`; by default the newest. */
  'chat.history': {
    data: z
      .object({ roomId, before: seq.optional(), after: z.int().min(0).optional(), limit })
      .refine(({ before, after }) => before === undefined || after === undefined, {
        error: 'before or after, not both',
      }),
    result: chatPage,
  },
  /** Messages that contain words beginning with all of these, whatever their case, newest first. Not in encrypted rooms (`ENCRYPTED_ROOM`). */
  'chat.search': {
    data: z.object({ roomId, query: z.string().min(1).max(200), before: seq.optional(), limit }),
    result: chatPage,
  },
  /**
   * Writes a message. Sending the same id again returns the first message, also after a restart of the server. In encrypted rooms, all content
   * is in `sealed`, and the name of each file is “encrypted” (otherwise `ENCRYPTION_REQUIRED`).
   */
  'chat.send': {
    data: z
      .object({
        id: requestId,
        /** May be empty if there are files. */
        text: anyText.default(''),
        /** In an encrypted room: the message, sealed as `message` under this id. */
        sealed: sealedContent.optional(),
        replyTo: seq.optional(),
        mentions: mentions.default([]),
        /** Uploaded before, see `file.start`. */
        files: z.array(fileDescription).max(MAX_FILES).default([]),
      })
      .refine(({ text, files, sealed }) => text !== '' || files.length > 0 || sealed !== undefined, {
        error: 'no visible characters',
      }),
    result: z.object({ seq }),
  },
  /** Changes the text of one's own message. Its files stay. */
  'chat.edit': {
    data: z.object({
      seq,
      text: anyText.default(''),
      mentions: mentions.default([]),
      /** In an encrypted room: all of it, sealed as `edit` under the message's id. */
      sealed: sealedContent.optional(),
    }),
    result: nothing,
  },
  /** Deletes one's own message, or removes another person's, for owners and moderators. A tombstone stays. */
  'chat.delete': { data: z.object({ seq }), result: nothing },
  /** Puts an emoji on a message, or takes it off again. In encrypted rooms, replaces all emoji of the account on the message. */
  'chat.react': {
    data: z
      .object({
        seq,
        emoji: z.string().max(64).refine(isEmoji, { error: 'one emoji' }).optional(),
        on: z.boolean().optional(),
        /** In an encrypted room: the emoji, sealed as `reaction` under the message's id and the account's; null: none. */
        sealed: sealedContent.max(MAX_SEALED_REACTION).nullable().optional(),
      })
      .refine(
        ({ emoji, on, sealed }) => (emoji !== undefined && on !== undefined) !== (sealed !== undefined),
        {
          error: 'emoji and on, or sealed',
        },
      ),
    result: nothing,
  },
  /** Records how far the account has read, on all its devices. Never goes back. */
  'chat.read': { data: z.object({ seq }), result: nothing },
  /** Shows others for a few seconds that this participant is writing. Repeat it while it lasts, every 3 s. */
  'chat.typing': { data: nothing, result: nothing },
} as const;

export const CHAT_EVENTS = {
  /** A new message. Bridges get only the position in the log. */
  'chat.sent': logged({ message: chatMessage }),
  /**
   * A message changed. Without `change`, somebody in the room may not read the message: those who may ask with `chat.sync`. `rev` grows by
   * one with every `chat.sent` and `chat.changed`.
   */
  'chat.changed': logged({ seq, rev: seq, change: chatChange.optional() }),
  /** All messages were deleted. */
  'chat.cleared': logged({}),
  /** Participants who are writing; sent at most once a second. Show each for 5 s, or until their message arrives. */
  'chat.typing': z.object({ participantIds: z.array(objectId) }),
  /** The account has read up to this `seq` on another device. */
  'chat.readTo': z.object({ seq: z.int() }),
} as const;

type ChatRequests = typeof CHAT_REQUESTS;
type ChatEvents = typeof CHAT_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends ChatRequests {}
  interface Events extends ChatEvents {}
}
