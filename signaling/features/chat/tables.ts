export interface ChatRow {
  room_id: string;
  /** Random, so that positions in a deleted chat mean nothing. */
  chat_id: string;
  /** Number of changes so far. */
  rev: number;
  /** Size of the texts kept, with overhead. */
  bytes: number;
}

export interface ChatMessageRow {
  /** Also the row id of the search index in SQLite. */
  message_id: number;
  room_id: string;
  /** The room's `rev` when it was written. */
  seq: number;
  /** The room's `rev` when it last changed. */
  rev: number;
  client_id: string;
  /** Null, like the other columns about the author: the account was deleted. */
  account_id: string | null;
  participant_id: string | null;
  display_name: string | null;
  certified_name: string | null;
  sent_at_ms: number;
  edited_at_ms: number | null;
  gone: 'deleted' | 'removed' | null;
  text: string;
  /** The words of the text, for the search index. */
  words: string;
  reply_to: number | null;
  /** JSON: account ids. */
  mentions: string;
  /** JSON: `[{emoji, accountIds}]`. */
  reactions: string;
  /** JSON: `[ChatFile]`. */
  files: string;
  /** In an encrypted room: the message, base64. */
  sealed: string | null;
  /** In an encrypted room, JSON: `[SealedReaction]`. */
  sealed_reactions: string;
  /** What it counts for in `bytes` of the chat. */
  size: number;
}

export interface ChatReaderRow {
  room_id: string;
  account_id: string;
  /** The chat's `rev` when the account first came: it may read what was written later. */
  since_seq: number;
  /** `seq` up to which it has read. */
  read_seq: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    chats: ChatRow;
    chat_messages: ChatMessageRow;
    chat_readers: ChatReaderRow;
  }
}
