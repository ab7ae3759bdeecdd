import { randomBytes } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import { queryWords } from '../../../contract/words/index.ts';
import { moveRows, type Store, type Tables } from '../../store/index.ts';
import { messageOf, renamed } from './chat-rows.ts';
import type { ChatMessage, ChatPage, ChatPosition } from './contract.ts';
import type { FileStore } from './files/index.ts';
import { matchesInPostgres, matchesInSqlite } from './search-index.ts';
import type { ChatMessageRow, ChatReaderRow, ChatRow } from './tables.ts';

type Db = Kysely<Tables> | Transaction<Tables>;

/** Which messages: those of a room after `sinceSeq`. */
export interface Range {
  roomId: string;
  sinceSeq: number;
  /**
   * Only those that are end-to-end encrypted, or only those that are not: a room's policy may have changed since. Default: all.
   */
  sealed?: boolean;
}

/** Maximum size of the texts in one answer, in bytes: connections have a limit for unsent data. */
const MAX_PAGE_BYTES = 100_000;
/** Messages per page of those sent in a stretch of time. */
const DURING_AT_ONCE = 100;
/** Where counting unread messages ends. */
const MAX_UNREAD = 100;
/** More changed messages than this are not sent one by one. */
const MAX_CHANGES = 200;
/** Messages that one statement deletes, since others wait for it. */
const DELETED_AT_ONCE = 500;

/** The tables of chats. Every change of a chat runs in one transaction, which numbers it. */
export class ChatStore {
  readonly files: FileStore;
  readonly #store: Store;
  /** The first free `message_id` when the server started, and how many it has used. One server at a time writes to a database. */
  #firstId: Promise<number> | undefined;
  #usedIds = 0;

  constructor(store: Store, files: FileStore) {
    this.#store = store;
    this.files = files;
  }

  /** Runs `work` in a transaction with the chat of a room, which it creates if there is none. */
  change<T>(roomId: string, work: (db: Transaction<Tables>, chat: ChatRow) => Promise<T>): Promise<T> {
    return this.#transaction(roomId, async (db) => {
      const chat = (await this.#chat(db, roomId)) ?? (await this.#create(db, roomId));
      return work(db, chat);
    });
  }

  async position(roomId: string): Promise<ChatPosition | null> {
    const chat = await this.#chat(this.#store.db, roomId);
    return chat ? { chatId: chat.chat_id, rev: chat.rev } : null;
  }

  /** Size of all chats together, in bytes. */
  async totalBytes(db: Db = this.#store.db): Promise<number> {
    const { bytes } = await db
      .selectFrom('chats')
      .select(({ fn }) => fn.sum<number>('bytes').as('bytes'))
      .executeTakeFirstOrThrow();
    return Number(bytes ?? 0);
  }

  /** Records changed numbers of a chat. */
  async saveChat(db: Db, { room_id, rev, bytes }: ChatRow): Promise<void> {
    await db.updateTable('chats').set({ rev, bytes }).where('room_id', '=', room_id).execute();
  }

  async insert(db: Db, message: Omit<ChatMessageRow, 'message_id'>): Promise<void> {
    const message_id = await this.#newId(db);
    await db
      .insertInto('chat_messages')
      .values({ message_id, ...message })
      .execute();
  }

  async update(db: Db, message: Pick<ChatMessageRow, 'room_id' | 'seq'> & Partial<ChatMessageRow>) {
    const { room_id, seq, ...change } = message;
    await db
      .updateTable('chat_messages')
      .set(change)
      .where('room_id', '=', room_id)
      .where('seq', '=', seq)
      .execute();
  }

  message(roomId: string, seq: number): Promise<ChatMessageRow | undefined> {
    return this.find(this.#store.db, roomId, seq);
  }

  find(db: Db, roomId: string, seq: number): Promise<ChatMessageRow | undefined> {
    return db
      .selectFrom('chat_messages')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('seq', '=', seq)
      .executeTakeFirst();
  }

  /** The message that a client sent under this id. */
  sent(db: Db, roomId: string, accountId: string, clientId: string): Promise<ChatMessageRow | undefined> {
    return db
      .selectFrom('chat_messages')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('account_id', '=', accountId)
      .where('client_id', '=', clientId)
      .executeTakeFirst();
  }

  /** The messages of a range. */
  #in({ roomId, sinceSeq, sealed }: Range) {
    const all = this.#store.db
      .selectFrom('chat_messages')
      .where('room_id', '=', roomId)
      .where('seq', '>', sinceSeq);
    return sealed === undefined
      ? all
      : all.where(({ eb, or }) =>
          or([eb('sealed', sealed ? 'is not' : 'is', null), eb('gone', 'is not', null)]),
        );
  }

  /** A page of messages, oldest first: those before or after a `seq`, by default the newest. */
  async page(
    range: Range,
    { before, after, limit }: { before?: number | undefined; after?: number | undefined; limit: number },
  ): Promise<ChatPage> {
    let query = this.#in(range)
      .selectAll()
      .where('seq', '>', after ?? 0);
    if (before !== undefined) {
      query = query.where('seq', '<', before);
    }
    const rows = await query
      .orderBy('seq', after === undefined ? 'desc' : 'asc')
      .limit(limit + 1)
      .execute();
    const { messages, more } = pageOf(rows, limit);
    return { messages: after === undefined ? messages.reverse() : messages, more };
  }

  /** A page of the messages that were sent in a stretch of time and are not gone, oldest first. */
  async during(
    range: Range,
    { fromMs, toMs, after }: { fromMs: number; toMs: number; after: number },
  ): Promise<ChatPage> {
    const rows = await this.#in(range)
      .selectAll()
      .where('sent_at_ms', '>=', fromMs)
      .where('sent_at_ms', '<', toMs)
      .where('seq', '>', after)
      .where('gone', 'is', null)
      .orderBy('seq')
      .limit(DURING_AT_ONCE + 1)
      .execute();
    return pageOf(rows, DURING_AT_ONCE);
  }

  /** The messages that changed after a revision; undefined if they are too many for one answer. */
  async changes(range: Range, rev: number): Promise<ChatMessage[] | undefined> {
    const rows = await this.#in(range)
      .selectAll()
      .where('rev', '>', rev)
      .orderBy('rev')
      .limit(MAX_CHANGES + 1)
      .execute();
    const { messages, more } = pageOf(rows, MAX_CHANGES);
    return more ? undefined : messages;
  }

  /** Messages with words that begin with those of the query, newest first. */
  async search(
    range: Range,
    { query, before, limit }: { query: string; before?: number | undefined; limit: number },
  ): Promise<ChatPage> {
    const words = queryWords(query);
    if (words.length === 0) {
      return { messages: [], more: false };
    }
    let found = this.#in(range)
      .selectAll()
      .where('gone', 'is', null)
      .where(
        this.#store.engine === 'sqlite' ? matchesInSqlite(range.roomId, words) : matchesInPostgres(words),
      );
    if (before !== undefined) {
      found = found.where('seq', '<', before);
    }
    const rows = await found
      .orderBy('seq', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOf(rows, limit);
  }

  reader(roomId: string, accountId: string, db: Db = this.#store.db): Promise<ChatReaderRow | undefined> {
    return db
      .selectFrom('chat_readers')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('account_id', '=', accountId)
      .executeTakeFirst();
  }

  /** Records that an account came to the room, unless it did before. Returns since when it may read. */
  async admit(db: Db, { room_id, rev }: ChatRow, accountId: string): Promise<number> {
    const known = await this.reader(room_id, accountId, db);
    if (!known) {
      await db
        .insertInto('chat_readers')
        .values({ room_id, account_id: accountId, since_seq: rev, read_seq: rev })
        .execute();
    }
    return known?.since_seq ?? rev;
  }

  /** Records how far an account has read. Returns whether that is news. */
  async markRead(roomId: string, accountId: string, seq: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#store.db
      .updateTable('chat_readers')
      .set({ read_seq: seq })
      .where('room_id', '=', roomId)
      .where('account_id', '=', accountId)
      .where('read_seq', '<', seq)
      .where(({ eb, selectFrom }) =>
        eb(selectFrom('chats').select('rev').where('chats.room_id', '=', roomId), '>=', seq),
      )
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** How many messages of others an account has not read, up to 100, and how many of those mention it. */
  async unread(range: Range, { account_id, read_seq }: ChatReaderRow) {
    const rows = await this.#in(range)
      .select('mentions')
      .where('seq', '>', read_seq)
      .where('gone', 'is', null)
      .where(({ eb, or }) => or([eb('account_id', '!=', account_id), eb('account_id', 'is', null)]))
      .limit(MAX_UNREAD)
      .execute();
    return {
      unread: rows.length,
      unreadMentions: rows.filter(({ mentions }) => mentions.includes(account_id)).length,
    };
  }

  /** Deletes the whole chat of a room. Returns the number of messages. */
  async clear(roomId: string): Promise<number> {
    return this.#transaction(roomId, (db) => this.forgetRoom(db, roomId));
  }

  /** Does the same in a running transaction; call `files.settle()` after it. */
  async forgetRoom(db: Pick<Db, 'deleteFrom'>, roomId: string): Promise<number> {
    await this.files.deleteOf(db, roomId);
    const { numDeletedRows } = await db
      .deleteFrom('chat_messages')
      .where('room_id', '=', roomId)
      .executeTakeFirst();
    await db.deleteFrom('chats').where('room_id', '=', roomId).execute();
    return Number(numDeletedRows);
  }

  /** Rooms with a message sent before this time, and when their oldest was. */
  async roomsBefore(timeMs: number): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('chat_messages')
      .select('room_id')
      .groupBy('room_id')
      .having(({ fn }) => fn.min('sent_at_ms'), '<', timeMs)
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** Rooms that have been forgotten and whose chat has no messages. */
  async abandoned(): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('chats')
      .select('room_id')
      .where(({ eb, selectFrom }) => eb('room_id', 'not in', selectFrom('rooms').select('rooms.room_id')))
      .where(({ exists, not, selectFrom }) =>
        not(
          exists(
            selectFrom('chat_messages').select('seq').whereRef('chat_messages.room_id', '=', 'chats.room_id'),
          ),
        ),
      )
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** Deletes some of a room's messages that were sent before this time. Returns whether there may be more. */
  deleteBefore(roomId: string, timeMs: number): Promise<boolean> {
    return this.change(roomId, async (db, chat) => {
      const old = await db
        .selectFrom('chat_messages')
        .select(['seq', 'size'])
        .where('room_id', '=', roomId)
        .where('sent_at_ms', '<', timeMs)
        .limit(DELETED_AT_ONCE)
        .execute();
      if (old.length > 0) {
        const seqs = old.map(({ seq }) => seq);
        await this.files.deleteOf(db, roomId, seqs);
        await db.deleteFrom('chat_messages').where('room_id', '=', roomId).where('seq', 'in', seqs).execute();
        const bytes = old.reduce((sum, { size }) => sum - size, chat.bytes);
        await this.saveChat(db, { ...chat, bytes });
      }
      return old.length === DELETED_AT_ONCE;
    });
  }

  /** Rooms whose chat an account may read, or has written in. */
  async roomsOf(accountId: string): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('chat_readers')
      .select('room_id')
      .where('account_id', '=', accountId)
      .union(this.#store.db.selectFrom('chat_messages').select('room_id').where('account_id', '=', accountId))
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** A page of an account's messages in a room, by `seq`, without those that are gone. */
  async messagesOf(
    roomId: string,
    accountId: string,
    { after, limit }: { after: number; limit: number },
  ): Promise<ChatMessageRow[]> {
    return this.#store.db
      .selectFrom('chat_messages')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('account_id', '=', accountId)
      .where('gone', 'is', null)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(limit)
      .execute();
  }

  /** Gives another account what an account wrote, its mentions and reactions, and the right to read what it could read. */
  async replaceAccount(from: string, to: string): Promise<void> {
    for (const room_id of await this.roomsOf(from)) {
      await this.change(room_id, async (transaction) => {
        await this.#rename(transaction, room_id, from, to);
        await transaction
          .updateTable('chat_messages')
          .set({ account_id: to })
          .where('room_id', '=', room_id)
          .where('account_id', '=', from)
          .execute();
      });
    }
    await this.#store.transaction(async (db) => {
      await db.updateTable('chat_files').set({ account_id: to }).where('account_id', '=', from).execute();
      await moveRows(db, 'chat_readers', 'room_id', { from, to });
    });
  }

  /** Forgets who wrote the messages of an account, and its mentions and reactions. The texts stay. */
  async forgetAccount(accountId: string): Promise<void> {
    for (const room_id of await this.roomsOf(accountId)) {
      await this.change(room_id, async (transaction) => {
        await this.#rename(transaction, room_id, accountId, undefined);
        await transaction
          .updateTable('chat_messages')
          .set({ account_id: null, participant_id: null, display_name: null, certified_name: null })
          .where('room_id', '=', room_id)
          .where('account_id', '=', accountId)
          .execute();
        await transaction
          .deleteFrom('chat_readers')
          .where('room_id', '=', room_id)
          .where('account_id', '=', accountId)
          .execute();
      });
    }
  }

  /** Replaces an account in the mentions and reactions of a room, or removes it from them. */
  async #rename(db: Db, room_id: string, from: string, to: string | undefined): Promise<void> {
    const rows = await db
      .selectFrom('chat_messages')
      .select(['seq', 'mentions', 'reactions', 'sealed_reactions'])
      .where('room_id', '=', room_id)
      .where(({ eb, or }) =>
        or(
          (['mentions', 'reactions', 'sealed_reactions'] as const).map((column) =>
            eb(column, 'like', `%${from}%`),
          ),
        ),
      )
      .execute();
    for (const { seq, ...row } of rows) {
      await this.update(db, { room_id, seq, ...renamed(row, from, to) });
    }
  }

  async #transaction<T>(roomId: string, work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    try {
      return await this.#store.transaction(work, `chat ${roomId}`);
    } finally {
      await this.files.settle();
    }
  }

  #chat(db: Db, roomId: string): Promise<ChatRow | undefined> {
    return db.selectFrom('chats').selectAll().where('room_id', '=', roomId).executeTakeFirst();
  }

  async #create(db: Db, roomId: string): Promise<ChatRow> {
    const chat = { room_id: roomId, chat_id: randomBytes(12).toString('base64url'), rev: 0, bytes: 0 };
    await db.insertInto('chats').values(chat).execute();
    return chat;
  }

  async #newId(db: Db): Promise<number> {
    // Rooms that begin at the same time share the question.
    this.#firstId ??= this.#firstFreeId(db);
    try {
      const first = await this.#firstId;
      this.#usedIds += 1;
      return first + this.#usedIds - 1;
    } catch (error) {
      this.#firstId = undefined;
      throw error;
    }
  }

  async #firstFreeId(db: Db): Promise<number> {
    const { id } = await db
      .selectFrom('chat_messages')
      .select(({ fn }) => fn.max('message_id').as('id'))
      .executeTakeFirstOrThrow();
    return Number(id ?? 0) + 1;
  }
}

/** The first rows, up to a number and a size. */
function pageOf(rows: ChatMessageRow[], limit: number): ChatPage {
  let bytes = 0;
  let count = 0;
  for (const { size } of rows.slice(0, limit)) {
    bytes += size;
    if (count > 0 && bytes > MAX_PAGE_BYTES) {
      break;
    }
    count += 1;
  }
  return { messages: rows.slice(0, count).map(messageOf), more: rows.length > count };
}
