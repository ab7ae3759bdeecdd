import { CanopyError, type Config } from '../../../base/index.ts';
import {
  demand,
  isNamed,
  may,
  type Peer,
  type PeerPrincipal,
  type Room,
  type RoomRecord,
  type Visitor,
} from '../../kernel/index.ts';
import type { Store } from '../../store/index.ts';
import {
  filesOf,
  messageOf,
  sealedReactionsOf,
  sealedSizeOf,
  searchWords,
  sizeOf,
  withReaction,
} from './chat-rows.ts';
import { ChatStore } from './chat-store.ts';
import type { ChatChange, ChatMessage } from './contract.ts';
import type { ChatFile, ChatFileRow, FileDescription, FileStore } from './files/index.ts';
import type { ChatMessageRow, ChatRow } from './tables.ts';

/** Maximum number of different emoji on a message, and of reactions in all. */
const MAX_EMOJI = 20;
const MAX_REACTIONS = 500;
/** Maximum number of accounts whose sealed reactions a message has. */
const MAX_SEALED_REACTIONS = 100;
/** How many changes of one room may wait for the database. */
const MAX_WAITING = 100;
/** Messages of a deleted account that are looked up at once. */
const ERASED_AT_ONCE = 100;

/** Phones see no chat, nor do bridges. */
const PEOPLE_ONLY = { peopleOnly: true };

type Db = Parameters<Parameters<ChatStore['change']>[1]>[0];

export interface ChatsOptions {
  store: Store;
  files: FileStore;
  limits: Pick<Config['limits'], 'chatBytesPerRoom' | 'chatBytes'>;
  /** Somebody who may read the room's chat was mentioned in it. */
  onMention?: (room: Room, accountId: string, from: string) => void;
  /** Unix time in milliseconds. */
  now?: () => number;
}

/** Someone in a room who changes its chat. */
export interface Writer {
  room: Room;
  peer: Peer;
  principal: PeerPrincipal;
}

/**
 * The chats of all rooms. A change is stored first and then appended to the room's log, one after another in each room, so that the log has
 * them in the order of their revisions.
 */
export class Chats {
  readonly store: ChatStore;
  readonly #limits: ChatsOptions['limits'];
  readonly #onMention: ChatsOptions['onMention'];
  readonly #now: () => number;
  /** The last change of each room, and how many wait. */
  readonly #queues = new Map<string, { last: Promise<unknown>; waiting: number }>();
  /** Since when each account may read, for those who are or were in the open room. */
  readonly #sinceSeq = new WeakMap<Room, Readers>();
  /** The last revision in the log of an open room. */
  readonly #announcedRev = new WeakMap<Room, number>();

  constructor({ store, files, limits, onMention, now = Date.now }: ChatsOptions) {
    this.store = new ChatStore(store, files);
    this.#limits = limits;
    this.#onMention = onMention;
    this.#now = now;
  }

  /** Records that an account is in a room: from now on it may read what is written. */
  async admit(room: Room, accountId: string): Promise<void> {
    if (!this.#knownIn(room).has(accountId)) {
      await this.#serialize(room.roomId, () => this.#change(room, async () => undefined));
    }
  }

  /** Whether someone may read everything, also from before they first came. */
  readsAll(principal: Visitor, record: RoomRecord): boolean {
    return record.chatHistory === 'all' || this.belongs(principal, record);
  }

  /** Whether someone may read everything even if they have never been in the room. */
  belongs(principal: Visitor, record: RoomRecord): boolean {
    return isNamed(principal, record) || may(principal, 'chat.readAll', record);
  }

  /** @throws {CanopyError} CHAT_FULL, CHAT_MESSAGE_UNKNOWN - `replyTo`; FILE_UNKNOWN, FILE_INCOMPLETE; and the store's */
  async send(
    writer: Writer,
    message: {
      id: string;
      text: string;
      replyTo?: number | undefined;
      mentions: string[];
      files: FileDescription[];
      sealed?: string | undefined;
    },
  ): Promise<{ seq: number }> {
    const { room, peer, principal } = writer;
    const { roomId } = room;
    const { id, text, replyTo, mentions, sealed = null } = message;
    const participant = peer.participants.get(peer.participantId ?? '');
    if (!participant) {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    return this.#serialize(roomId, async () => {
      const { row, isNew } = await this.#change(room, async (db, chat, readers) => {
        const earlier = await this.store.sent(db, roomId, principal.accountId, id);
        if (earlier) {
          return { row: earlier, isNew: false };
        }
        if (replyTo !== undefined) {
          await this.#readable(db, writer, readers, replyTo);
        }
        const rev = chat.rev + 1;
        const { accountId } = principal;
        const files = await this.store.files.records.attach(
          db,
          { roomId, accountId, seq: rev },
          message.files,
        );
        const size = sizeOf(text, mentions, files) + sealedSizeOf(sealed);
        await this.#requireSpace(db, chat, size);
        const row = {
          room_id: roomId,
          seq: rev,
          rev,
          client_id: id,
          account_id: principal.accountId,
          participant_id: participant.participantId,
          display_name: participant.displayName,
          certified_name: participant.certifiedName ?? null,
          sent_at_ms: this.#now(),
          edited_at_ms: null,
          gone: null,
          text,
          words: sealed === null ? searchWords(text, files) : '',
          reply_to: replyTo ?? null,
          mentions: JSON.stringify([...new Set(mentions)]),
          reactions: '[]',
          files: JSON.stringify(files),
          sealed,
          sealed_reactions: '[]',
          size,
        };
        await this.store.insert(db, row);
        await this.store.saveChat(db, { ...chat, rev, bytes: chat.bytes + size });
        return { row: { message_id: 0, ...row }, isNew: true };
      });
      if (isNew) {
        this.#announce(room, row.rev, () =>
          room.append('chat.sent', { message: messageOf(row) }, PEOPLE_ONLY),
        );
        for (const accountId of new Set(mentions)) {
          if (accountId !== principal.accountId && this.#knownIn(room).has(accountId)) {
            this.#onMention?.(room, accountId, participant.displayName);
          }
        }
      } else if (row.rev > (this.#announcedRev.get(room) ?? 0)) {
        // It was stored, but the connection to the database was lost before we knew: tell the others now.
        this.#announce(room, row.rev, () =>
          room.append('chat.changed', { seq: row.seq, rev: row.rev }, PEOPLE_ONLY),
        );
      }
      return { seq: row.seq };
    });
  }

  /** @throws {CanopyError} CHAT_MESSAGE_UNKNOWN, CHAT_FULL; FORBIDDEN - it is not theirs */
  async edit(
    writer: Writer,
    seq: number,
    { text, mentions, sealed }: { text: string; mentions: string[]; sealed?: string | undefined },
  ): Promise<void> {
    await this.#modify(writer, seq, async (db, row, chat) => {
      if (row.account_id !== writer.principal.accountId) {
        throw new CanopyError('FORBIDDEN', 'people can only edit their own messages');
      }
      const files = filesOf(row);
      if (text === '' && files.length === 0 && sealed === undefined) {
        throw new CanopyError('BAD_REQUEST', 'text: no visible characters');
      }
      const size = sizeOf(text, mentions, files) + sealedSizeOf(sealed, sealedReactionsOf(row));
      await this.#requireSpace(db, chat, size - row.size);
      const editedAtMs = this.#now();
      if (sealed !== undefined) {
        return { row: { sealed, edited_at_ms: editedAtMs, size }, change: { sealed, editedAtMs } };
      }
      return {
        row: {
          text,
          words: searchWords(text, files),
          mentions: JSON.stringify([...new Set(mentions)]),
          edited_at_ms: editedAtMs,
          size,
        },
        change: { text, mentions, editedAtMs },
      };
    });
  }

  /** Deletes one's own message, or removes another person's. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN, FORBIDDEN */
  async delete(writer: Writer, seq: number): Promise<void> {
    await this.#modify(writer, seq, async (_db, row) => {
      const isOwn = row.account_id === writer.principal.accountId;
      if (!isOwn) {
        demand(writer.principal, 'chat.moderate', writer.room.record);
      }
      return tombstone(row, isOwn ? 'deleted' : 'removed');
    });
  }

  /** Deletes everything that an account wrote, with its files. Tombstones stay. */
  async eraseAccount(accountId: string, openRoom: (roomId: string) => Room | undefined): Promise<void> {
    for (const roomId of await this.store.roomsOf(accountId)) {
      for (;;) {
        const rows = await this.store.messagesOf(roomId, accountId, { after: 0, limit: ERASED_AT_ONCE });
        for (const { seq } of rows) {
          await this.remove(roomId, openRoom(roomId), seq, 'deleted');
        }
        if (rows.length < ERASED_AT_ONCE) {
          break;
        }
      }
    }
  }

  /** Removes a message, for the operator. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN */
  async remove(
    roomId: string,
    room: Room | undefined,
    seq: number,
    gone: 'deleted' | 'removed' = 'removed',
  ): Promise<void> {
    await this.#serialize(roomId, async () => {
      const changed = await this.store.change(roomId, async (db, chat) => {
        const row = await this.store.find(db, roomId, seq);
        if (!row || row.gone !== null) {
          throw new CanopyError('CHAT_MESSAGE_UNKNOWN');
        }
        return this.#save(db, chat, row, tombstone(row, gone));
      });
      if (room) {
        this.#changed(room, seq, changed);
      }
    });
  }

  /** Deletes the files of a message that were uploaded before this time. The message stays. */
  async expireFiles(
    roomId: string,
    room: Room | undefined,
    seq: number,
    fileIds: readonly string[],
  ): Promise<void> {
    await this.#serialize(roomId, async () => {
      const changed = await this.store.change(roomId, async (db, chat) => {
        const row = await this.store.find(db, roomId, seq);
        await this.store.files.deleteOf(db, roomId, [seq], fileIds);
        if (!row || row.gone !== null) {
          return undefined;
        }
        const files = filesOf(row).map(({ hasThumbnail, ...file }) =>
          fileIds.includes(file.fileId)
            ? { ...file, gone: true }
            : { ...file, ...(hasThumbnail && { hasThumbnail }) },
        );
        return this.#save(db, chat, row, { row: { files: JSON.stringify(files) }, change: { files } });
      });
      if (room && changed) {
        this.#changed(room, seq, changed);
      }
    });
  }

  /** Puts an emoji on a message or takes it off. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN; LIMIT_REACHED */
  async react(writer: Writer, seq: number, emoji: string, on: boolean): Promise<void> {
    const { accountId } = writer.principal;
    await this.#modify(writer, seq, async (_db, row) => {
      const before: ChatMessage['reactions'] = JSON.parse(row.reactions);
      const isOn = before.some((each) => each.emoji === emoji && each.accountIds.includes(accountId));
      if (isOn === on) {
        return undefined;
      }
      const reactions = withReaction(before, accountId, emoji, on);
      const count = reactions.reduce((sum, { accountIds }) => sum + accountIds.length, 0);
      if (on && (reactions.length > MAX_EMOJI || count > MAX_REACTIONS)) {
        throw new CanopyError('LIMIT_REACHED', `at most ${MAX_EMOJI} emoji and ${MAX_REACTIONS} reactions`);
      }
      return { row: { reactions: JSON.stringify(reactions) }, change: { reactions } };
    });
  }

  /**
   * Replaces the reaction of an account to an encrypted message, or removes it (null).
   *
   * @throws {CanopyError} CHAT_MESSAGE_UNKNOWN, CHAT_FULL; LIMIT_REACHED
   */
  async reactSealed(writer: Writer, seq: number, sealed: string | null): Promise<void> {
    const { accountId } = writer.principal;
    await this.#modify(writer, seq, async (db, row, chat) => {
      const others = sealedReactionsOf(row).filter((each) => each.accountId !== accountId);
      const reactions = sealed === null ? others : [...others, { accountId, sealed }];
      if (reactions.length > MAX_SEALED_REACTIONS) {
        throw new CanopyError('LIMIT_REACHED', `at most ${MAX_SEALED_REACTIONS} people`);
      }
      const size =
        sizeOf(row.text, JSON.parse(row.mentions), filesOf(row)) + sealedSizeOf(row.sealed, reactions);
      await this.#requireSpace(db, chat, size - row.size);
      return {
        row: { sealed_reactions: JSON.stringify(reactions), size },
        change: { sealedReaction: { accountId, ...(sealed !== null && { sealed }) } },
      };
    });
  }

  /** A file as its message describes it; undefined if that is gone. */
  async describe({ room_id, seq, file_id }: ChatFileRow): Promise<ChatFile | undefined> {
    const row = seq === null ? undefined : await this.store.message(room_id, seq);
    return row && filesOf(row).find(({ fileId, gone }) => fileId === file_id && !gone);
  }

  /** Deletes the chat of a room with everything in it. Returns the number of messages. */
  async clear(roomId: string, room: Room | undefined): Promise<number> {
    return this.#serialize(roomId, async () => {
      const messages = await this.store.clear(roomId);
      if (room) {
        this.#sinceSeq.delete(room);
        this.#announcedRev.delete(room);
        if (!room.closed) {
          room.append('chat.cleared', {}, PEOPLE_ONLY);
        }
      }
      return messages;
    });
  }

  /** Changes a message that the writer may read. `decide` returns undefined to leave it as it is. */
  async #modify(
    writer: Writer,
    seq: number,
    decide: (db: Db, row: ChatMessageRow, chat: ChatRow) => Promise<Modification | undefined>,
  ): Promise<void> {
    const { room } = writer;
    await this.#serialize(room.roomId, async () => {
      const changed = await this.#change(room, async (db, chat, readers) => {
        const row = await this.#readable(db, writer, readers, seq);
        const modification = await decide(db, row, chat);
        return modification && this.#save(db, chat, row, modification);
      });
      if (changed) {
        this.#changed(room, seq, changed);
      }
    });
  }

  async #save(db: Db, chat: ChatRow, { room_id, seq, size }: ChatMessageRow, { row, change }: Modification) {
    const rev = chat.rev + 1;
    if (row.files === '[]') {
      await this.store.files.deleteOf(db, room_id, [seq]);
    }
    await this.store.update(db, { room_id, seq, rev, ...row });
    await this.store.saveChat(db, { ...chat, rev, bytes: chat.bytes + (row.size ?? size) - size });
    return { rev, change };
  }

  /** Announces a changed message. If somebody in the room may not read it, the log says only that it changed. */
  #changed(room: Room, seq: number, { rev, change }: { rev: number; change: ChatChange }): void {
    const known = this.#knownIn(room);
    const isForAll = [...room.peers.values()].every(
      ({ principal }) =>
        principal.kind !== 'device' ||
        this.readsAll(principal, room.record) ||
        mayRead(known, principal.accountId, seq),
    );
    this.#announce(room, rev, () =>
      room.append('chat.changed', { seq, rev, ...(isForAll && { change }) }, PEOPLE_ONLY),
    );
  }

  #announce(room: Room, rev: number, append: () => void): void {
    if (!room.closed) {
      this.#announcedRev.set(room, rev);
      append();
    }
  }

  /** A message that the writer may read and that is not gone. @throws {CanopyError} CHAT_MESSAGE_UNKNOWN */
  async #readable(
    db: Db,
    { room, principal }: Writer,
    readers: Readers,
    seq: number,
  ): Promise<ChatMessageRow> {
    const row = await this.store.find(db, room.roomId, seq);
    const isReadable = this.readsAll(principal, room.record) || mayRead(readers, principal.accountId, seq);
    if (!row || row.gone !== null || !isReadable) {
      throw new CanopyError('CHAT_MESSAGE_UNKNOWN');
    }
    return row;
  }

  /**
   * Changes the chat of an open room. First records everyone in the room as readers of what comes, also those whose client has not asked
   * for the chat yet.
   */
  async #change<T>(room: Room, work: (db: Db, chat: ChatRow, readers: Readers) => Promise<T>): Promise<T> {
    if (room.closed) {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    const readers = new Map(this.#knownIn(room));
    const result = await this.store.change(room.roomId, async (db, chat) => {
      for (const { principal } of room.peers.values()) {
        if (principal.kind === 'device' && !readers.has(principal.accountId)) {
          readers.set(principal.accountId, await this.store.admit(db, chat, principal.accountId));
        }
      }
      return work(db, chat, readers);
    });
    // Only now is it certain that they are stored.
    this.#sinceSeq.set(room, readers);
    return result;
  }

  #knownIn(room: Room): Readers {
    return this.#sinceSeq.get(room) ?? new Map();
  }

  /** @throws {CanopyError} CHAT_FULL */
  async #requireSpace(db: Db, { bytes }: ChatRow, more: number): Promise<void> {
    const { chatBytesPerRoom, chatBytes } = this.#limits;
    if (more <= 0) {
      return;
    }
    if (bytes + more > chatBytesPerRoom) {
      throw new CanopyError('CHAT_FULL', `at most ${chatBytesPerRoom} bytes per room`);
    }
    if ((await this.store.totalBytes(db)) + more > chatBytes) {
      throw new CanopyError('CHAT_FULL', `at most ${chatBytes} bytes on this server`);
    }
  }

  /** Runs the changes of a room one after another. @throws {CanopyError} STORE_BUSY - too many wait */
  async #serialize<T>(roomId: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(roomId) ?? { last: Promise.resolve(), waiting: 0 };
    if (queue.waiting >= MAX_WAITING) {
      throw new CanopyError('STORE_BUSY', `at most ${MAX_WAITING} changes of a chat at once`);
    }
    this.#queues.set(roomId, queue);
    queue.waiting += 1;
    const done = queue.last.then(work);
    queue.last = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      queue.waiting -= 1;
      if (queue.waiting === 0) {
        this.#queues.delete(roomId);
      }
    }
  }
}

/** Since when accounts may read, as a `seq`. */
type Readers = ReadonlyMap<string, number>;

function mayRead(readers: Readers, accountId: string, seq: number): boolean {
  return (readers.get(accountId) ?? Number.POSITIVE_INFINITY) < seq;
}

/** A changed row, and the same for the log. */
interface Modification {
  row: Partial<ChatMessageRow>;
  change: ChatChange;
}

/** What is left of a message. Its files are deleted with it. */
function tombstone({ files }: ChatMessageRow, gone: 'deleted' | 'removed'): Modification {
  const hadFiles = files !== '[]';
  return {
    row: {
      ...{ gone, text: '', words: '', mentions: '[]', reactions: '[]', size: sizeOf('', []) },
      ...{ sealed: null, sealed_reactions: '[]' },
      ...(hadFiles && { files: '[]' }),
    },
    change: { gone, text: '', mentions: [], reactions: [], ...(hadFiles && { files: [] }) },
  };
}
