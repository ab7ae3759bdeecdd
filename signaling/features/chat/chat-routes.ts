import { Readable } from 'node:stream';
import { z } from 'zod';
import { CanopyError } from '../../../base/index.ts';
import { nothing, roomParams } from '../../../contract/index.ts';
import { errorResponses, type Kernel } from '../../kernel/index.ts';
import { exported } from './chat-export.ts';
import type { ChatReading } from './chat-reading.ts';
import type { Chats } from './chats.ts';
import {
  chatCleared,
  chatExportQuery,
  chatMessageParams,
  chatMessages,
  chatQuery,
  chatSearchQuery,
} from './rest.ts';

/** Routes for administrators: read, search, export and delete the chat of a room. */
export function registerChatRoutes(kernel: Kernel, chats: Chats, reading: ChatReading): void {
  const { store } = chats;
  kernel.adminRoutes('chat.administer', (app) => {
    app.get(
      '/api/rooms/:roomId/chat',
      {
        schema: {
          description:
            'Messages in the chat of a room, oldest first; by default the newest. Those of end-to-end encrypted rooms have `sealed` in place of a text.',
          params: roomParams,
          querystring: chatQuery,
          response: { 200: chatMessages, ...errorResponses },
        },
      },
      async ({ params: { roomId }, query }) => store.page({ roomId, sinceSeq: 0 }, query),
    );
    app.get(
      '/api/rooms/:roomId/chat/search',
      {
        schema: {
          description:
            'Messages in the chat of a room that contain words beginning with all of these, newest first.',
          params: roomParams,
          querystring: chatSearchQuery,
          response: { 200: chatMessages, ...errorResponses },
        },
      },
      async ({ params: { roomId }, query }) => {
        if (reading.isEncrypted(await kernel.rooms.record(roomId))) {
          throw new CanopyError('ENCRYPTED_ROOM', 'the server cannot read its messages');
        }
        return store.search({ roomId, sinceSeq: 0 }, query);
      },
    );
    app.get(
      '/api/rooms/:roomId/chat/export',
      {
        config: { act: 'chat.export' },
        schema: {
          description: 'The whole chat of a room as a file: a JSON array of messages, or plain text (UTC).',
          params: roomParams,
          querystring: chatExportQuery,
          response: { 200: z.string(), ...errorResponses },
        },
      },
      async ({ params: { roomId }, query: { format } }, reply) => {
        const type = format === 'json' ? 'application/json' : 'text/plain';
        reply.header('content-type', `${type}; charset=utf-8`);
        reply.header(
          'content-disposition',
          `attachment; filename="chat.${format === 'json' ? 'json' : 'txt'}"`,
        );
        return reply.send(Readable.from(exported(store, roomId, format)) as unknown as string);
      },
    );
    app.delete(
      '/api/rooms/:roomId/chat',
      {
        config: { act: 'chat.clear' },
        schema: {
          description:
            'Deletes the chat of a room with all messages. People in the room see that it is empty.',
          params: roomParams,
          response: { 200: chatCleared, ...errorResponses },
        },
      },
      async ({ params: { roomId } }) => {
        const messagesDeleted = await chats.clear(roomId, kernel.rooms.find(roomId));
        kernel.log.info({ roomId, messagesDeleted }, 'chat deleted by an administrator');
        return { messagesDeleted };
      },
    );
    app.delete(
      '/api/rooms/:roomId/chat/:seq',
      {
        config: { act: 'chat.delete' },
        schema: {
          description: 'Removes a message, as a moderator would. A tombstone stays.',
          params: chatMessageParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params: { roomId, seq } }) => {
        await chats.remove(roomId, kernel.rooms.find(roomId), seq);
        return {};
      },
    );
  });
}
