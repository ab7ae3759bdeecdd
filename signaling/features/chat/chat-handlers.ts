import { CanopyError } from '../../../base/index.ts';
import { type ContentKind, SEALED_FILE_NAME } from '../../../contract/content/index.ts';
import {
  type Handlers,
  type Kernel,
  may,
  type Peer,
  type Room,
  requirePrincipal,
  requireRight,
  requireSeat,
  type Session,
} from '../../kernel/index.ts';
import type { ChatLimits } from './chat-limits.ts';
import { type ChatReading, requirePerson } from './chat-reading.ts';
import type { Chats } from './chats.ts';
import type { CHAT_REQUESTS } from './contract.ts';
import type { FileDescription } from './files/index.ts';
import type { Typing } from './typing.ts';

/** Handlers for writing and reading messages. */
export function chatHandlers(
  kernel: Kernel,
  {
    chats,
    limits,
    typing,
    reading,
  }: { chats: Chats; limits: ChatLimits; typing: Typing; reading: ChatReading },
): Handlers<keyof typeof CHAT_REQUESTS> {
  const { store } = chats;
  const { fileBytes: maxFileBytes } = kernel.config.limits;

  /** A person in a room who may write there. @throws {CanopyError} FORBIDDEN, ROOM_NOT_JOINED, RATE_LIMITED */
  const requireWriter = (session: Session, bytes: number) => {
    const writer = requireRight(session, 'chat.send');
    limits.write(writer.principal.accountId, writer.room.roomId, bytes);
    return writer;
  };

  /**
   * In an encrypted room, everything has to be sealed by its author's device; elsewhere, nothing can be.
   *
   * @param content `sealed`: null takes something off; `isReadable`: whether the request also has something that the server can read
   * @throws {CanopyError} ENCRYPTION_REQUIRED, ENCRYPTION_INVALID, ENCRYPTION_STALE
   */
  const requireSealing = (
    writer: { room: Room; peer: Peer },
    content: { sealed?: string | null | undefined; kind: ContentKind; isReadable: boolean },
  ): void => {
    const { sealed, kind, isReadable } = content;
    if (writer.room.encryption === 'off') {
      if (sealed !== undefined) {
        throw new CanopyError('ENCRYPTION_INVALID', 'the room is not encrypted');
      }
    } else if (sealed === undefined || isReadable) {
      throw new CanopyError('ENCRYPTION_REQUIRED', 'the message is not encrypted');
    } else if (sealed !== null) {
      kernel.requireSealed(writer, sealed, kind);
    }
  };

  return {
    'chat.sync': async (session, { roomId, since, limit }) => {
      const { principal, record, reader, range } = await reading.require(session, roomId);
      // Before the messages: what changes meanwhile comes again with the next question, or as an event.
      const position = await store.position(roomId);
      const unread = reader ? await store.unread(range, reader) : { unread: 0, unreadMentions: 0 };
      const state = {
        position,
        readSeq: reader?.read_seq ?? 0,
        ...unread,
        maySend: may(principal, 'chat.send', record),
        maySendFiles:
          maxFileBytes > 0 && may(principal, 'chat.send', record) && may(principal, 'chat.sendFile', record),
        maxFileBytes,
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
      const { range } = await reading.require(session, roomId);
      return store.page(range, page);
    },

    'chat.search': async (session, { roomId, ...search }) => {
      const { range, record } = await reading.require(session, roomId);
      if (reading.isEncrypted(record)) {
        throw new CanopyError('ENCRYPTED_ROOM', 'clients search for themselves');
      }
      return store.search(range, search);
    },

    'chat.send': async (session, message) => {
      const writer = requireWriter(session, bytesOf(message));
      const { text, mentions, replyTo, files, sealed } = message;
      const isReadable =
        text !== '' || mentions.length > 0 || replyTo !== undefined || files.some(isDescribed);
      requireSealing(writer, { sealed, kind: 'message', isReadable });
      if (files.length > 0) {
        requireRight(session, 'chat.sendFile');
      }
      return chats.send(writer, message);
    },

    'chat.edit': async (session, { seq, ...edit }) => {
      const writer = requireWriter(session, bytesOf(edit));
      const isReadable = edit.text !== '' || edit.mentions.length > 0;
      requireSealing(writer, { sealed: edit.sealed, kind: 'edit', isReadable });
      await chats.edit(writer, seq, edit);
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

    'chat.react': async (session, { seq, emoji = '', on = false, sealed }) => {
      const writer = requireWriter(session, 0);
      requireSealing(writer, { sealed, kind: 'reaction', isReadable: emoji !== '' });
      await (sealed === undefined
        ? chats.react(writer, seq, emoji, on)
        : chats.reactSealed(writer, seq, sealed));
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

/** What the room's space is charged for. */
function bytesOf({ text, sealed = '' }: { text: string; sealed?: string | undefined }): number {
  return Buffer.byteLength(text) + Math.ceil((sealed.length * 3) / 4);
}

/** Whether a file says more than that it is encrypted. */
function isDescribed({ name, type, width, height }: FileDescription): boolean {
  return (
    name !== SEALED_FILE_NAME ||
    type !== 'application/octet-stream' ||
    width !== undefined ||
    height !== undefined
  );
}
