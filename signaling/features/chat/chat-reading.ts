import { CanopyError } from '../../../base/index.ts';
import {
  type Kernel,
  type PastMessages,
  type PeerPrincipal,
  type RoomRecord,
  requirePrincipal,
  type Session,
  seatIn,
  type Visitor,
} from '../../kernel/index.ts';
import type { ChatLimits } from './chat-limits.ts';
import { filesOf } from './chat-rows.ts';
import type { Range } from './chat-store.ts';
import type { Chats } from './chats.ts';
import type { ChatFile } from './files/index.ts';
import type { ChatReaderRow } from './tables.ts';

/** Someone who reads the chat of a room, inside or outside. */
interface Reader {
  principal: PeerPrincipal;
  record: RoomRecord;
  /** If they have been there. */
  reader: ChatReaderRow | undefined;
  /** What they may read. */
  range: Range;
}

/** Who may read which messages. */
export class ChatReading {
  readonly #kernel: Pick<Kernel, 'rooms' | 'entry' | 'demandAccess'>;
  readonly #chats: Chats;
  readonly #limits: ChatLimits;

  constructor(
    kernel: Pick<Kernel, 'rooms' | 'entry' | 'demandAccess'>,
    { chats, limits }: { chats: Chats; limits: ChatLimits },
  ) {
    this.#kernel = kernel;
    this.#chats = chats;
    this.#limits = limits;
  }

  /** @throws {CanopyError} FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED, ROOM_LOCKED, RATE_LIMITED */
  async require(session: Session, roomId: string): Promise<Reader> {
    const principal = requirePrincipal(session);
    requirePerson(principal);
    this.#limits.read(principal.accountId);
    return this.#require(session, principal, roomId);
  }

  /**
   * A file in a message; undefined if there is none, or they may not read the message.
   *
   * @throws {CanopyError} FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED, ROOM_LOCKED
   */
  async file(
    session: Session,
    { roomId, seq, fileId }: { roomId: string; seq: number; fileId: string },
  ): Promise<ChatFile | undefined> {
    const principal = requirePrincipal(session);
    requirePerson(principal);
    const { range } = await this.#require(session, principal, roomId);
    const row = await this.#chats.store.message(roomId, seq);
    return row && seq > range.sinceSeq ? filesOf(row).find((file) => file.fileId === fileId) : undefined;
  }

  /** A page of what was written in a stretch of time, as far as somebody may read it who may look into the room. */
  async during(
    visitor: Visitor,
    record: RoomRecord,
    span: { fromMs: number; toMs: number; after: number },
  ): Promise<PastMessages> {
    const { store } = this.#chats;
    const reader = await store.reader(record.roomId, visitor.accountId);
    const range = visitor.kind === 'device' ? this.#rangeOf(visitor, record, reader) : undefined;
    // What is encrypted says nothing to whoever was not there.
    const { messages, more } =
      range && !range.sealed ? await store.during(range, span) : { messages: [], more: false };
    return {
      messages: messages.map(({ seq, author, sentAtMs, text, files = [] }) => ({
        ...{ seq, sentAtMs, text, displayName: author?.displayName ?? null },
        files: files.map(({ name }) => name),
      })),
      more,
    };
  }

  async #require(session: Session, principal: PeerPrincipal, roomId: string): Promise<Reader> {
    const chats = this.#chats;
    const seat = seatIn(session, roomId);
    const record = seat?.room.record ?? (await this.#kernel.rooms.record(roomId));
    if (seat) {
      await chats.admit(seat.room, principal.accountId);
    } else {
      await this.#kernel.demandAccess(principal, record);
      this.#kernel.entry.checkLock(principal, record);
    }
    const reader = await chats.store.reader(roomId, principal.accountId);
    const range = this.#rangeOf(principal, record, reader);
    if (!range) {
      throw new CanopyError('FORBIDDEN', 'you have not been in this room since its chat began');
    }
    return { principal, record, reader, range };
  }

  /** Whether the messages of a room are end-to-end encrypted. */
  isEncrypted(record: RoomRecord): boolean {
    const { rooms } = this.#kernel;
    return (rooms.find(record.roomId)?.encryption ?? rooms.encryptionOf(record)) !== 'off';
  }

  /** What somebody may read of a room's chat; undefined: nothing. */
  #rangeOf(principal: Visitor, record: RoomRecord, reader: ChatReaderRow | undefined): Range | undefined {
    if (!reader && !this.#chats.belongs(principal, record)) {
      return undefined;
    }
    const sinceSeq = this.#chats.readsAll(principal, record) ? 0 : (reader?.since_seq ?? 0);
    return { roomId: record.roomId, sinceSeq, sealed: this.isEncrypted(record) };
  }
}

/** @throws {CanopyError} FORBIDDEN - it is a bridge */
export function requirePerson(principal: PeerPrincipal): void {
  if (principal.kind !== 'device') {
    throw new CanopyError('FORBIDDEN', 'the chat is for people only');
  }
}
