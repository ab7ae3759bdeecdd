import { CanopyError } from '../../../base/index.ts';
import {
  type Handlers,
  type Kernel,
  may,
  type PeerPrincipal,
  type RoomRecord,
  requirePrincipal,
  requireRight,
  requireSeat,
  type Session,
} from '../../kernel/index.ts';
import type { ChatLimits } from './chat-limits.ts';
import type { Range } from './chat-store.ts';
import type { Chats } from './chats.ts';
import type { CHAT_REQUESTS } from './contract.ts';
import type { ChatReaderRow } from './tables.ts';
import type { Typing } from './typing.ts';

/** Someone who reads the chat of a room, inside or outside. */
interface Reader {
  principal: PeerPrincipal;
  record: RoomRecord;
  /** If they have been there. */
  reader: ChatReaderRow | undefined;
  /** What they may read. */
  range: Range;
}

/** Handlers for writing and reading messages. */
export function chatHandlers(
  kernel: Kernel,
  { chats, limits, typing }: { chats: Chats; limits: ChatLimits; typing: Typing },
): Handlers<keyof typeof CHAT_REQUESTS> {
  const { store } = chats;

  /** @throws {CanopyError} FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED, ROOM_LOCKED, RATE_LIMITED */
  const requireReader = async (session: Session, roomId: string): Promise<Reader> => {
    const principal = requirePrincipal(session);
    requirePerson(principal);
    limits.read(principal.accountId);
    const seat = seatIn(session, roomId);
    const record = seat?.room.record ?? (await kernel.rooms.record(roomId));
    if (seat) {
      await chats.admit(seat.room, principal.accountId);
    } else {
      await kernel.demandAccess(principal, record);
      kernel.entry.checkLock(principal, record);
    }
    const reader = await store.reader(roomId, principal.accountId);
    if (!reader && !chats.belongs(principal, record)) {
      throw new CanopyError('FORBIDDEN', 'you have not been in this room since its chat began');
    }
    const sinceSeq = chats.readsAll(principal, record) ? 0 : (reader?.since_seq ?? 0);
    return { principal, record, reader, range: { roomId, sinceSeq } };
  };

  /** A person in a room who may write there. @throws {CanopyError} FORBIDDEN, ROOM_NOT_JOINED, RATE_LIMITED */
  const requireWriter = (session: Session, bytes: number) => {
    const writer = requireRight(session, 'chat.send');
    limits.write(writer.principal.accountId, writer.room.roomId, bytes);
    return writer;
  };

  return {
    'chat.sync': async (session, { roomId, since, limit }) => {
      const { principal, record, reader, range } = await requireReader(session, roomId);
      // Before the messages: what changes meanwhile comes again with the next question, or as an event.
      const position = await store.position(roomId);
      const unread = reader ? await store.unread(range, reader) : { unread: 0, unreadMentions: 0 };
      const state = {
        position,
        readSeq: reader?.read_seq ?? 0,
        ...unread,
        maySend: may(principal, 'chat.send', record),
        mayModerate: may(principal, 'chat.moderate', record),
      };
      if (since && since.chatId === position?.chatId && since.rev <= position.rev) {
        const messages = await store.changes(range, since.rev);
        if (messages) {
          return { ...state, fresh: false, messages, more: false };
        }
      }
      return { ...state, fresh: true, ...(await store.page(range, { limit })) };
    },

    'chat.history': async (session, { roomId, ...page }) => {
      const { range } = await requireReader(session, roomId);
      return store.page(range, page);
    },

    'chat.search': async (session, { roomId, ...search }) => {
      const { range } = await requireReader(session, roomId);
      return store.search(range, search);
    },

    'chat.send': async (session, message) =>
      chats.send(requireWriter(session, Buffer.byteLength(message.text)), message),

    'chat.edit': async (session, { seq, text, mentions }) => {
      await chats.edit(requireWriter(session, Buffer.byteLength(text)), seq, text, mentions);
      return {};
    },

    'chat.delete': async (session, { seq }) => {
      // Whoever may no longer write may still delete what they wrote.
      const principal = requirePrincipal(session);
      const seat = requireSeat(session);
      requirePerson(principal);
      limits.write(principal.accountId, seat.room.roomId, 0);
      await chats.delete({ ...seat, principal }, seq);
      return {};
    },

    'chat.react': async (session, { seq, emoji, on }) => {
      await chats.react(requireWriter(session, 0), seq, emoji, on);
      return {};
    },

    'chat.read': async (session, { seq }) => {
      const principal = requirePrincipal(session);
      const { room, peer } = requireSeat(session);
      requirePerson(principal);
      limits.read(principal.accountId);
      if (await store.markRead(room.roomId, principal.accountId, seq)) {
        for (const other of room.peers.values()) {
          if (other !== peer && other.principal.accountId === principal.accountId) {
            other.send('chat.readTo', { seq });
          }
        }
      }
      return {};
    },

    'chat.typing': async (session) => {
      const { room, peer } = requireRight(session, 'chat.send');
      typing.add(room, peer);
      return {};
    },
  };
}

/** @throws {CanopyError} FORBIDDEN - it is a bridge */
function requirePerson(principal: PeerPrincipal): void {
  if (principal.kind !== 'device') {
    throw new CanopyError('FORBIDDEN', 'the chat is for people only');
  }
}

function seatIn({ seat }: Session, roomId: string): Session['seat'] {
  const isIn = seat?.room.roomId === roomId && seat.room.peers.get(seat.peer.peerId) === seat.peer;
  return isIn ? seat : null;
}
