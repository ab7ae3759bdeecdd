import type { Kernel } from '../../kernel/index.ts';
import { accountExport, roomExport } from './chat-export.ts';
import { chatHandlers } from './chat-handlers.ts';
import { ChatLimits } from './chat-limits.ts';
import { ChatReading } from './chat-reading.ts';
import { registerChatRoutes } from './chat-routes.ts';
import { Chats } from './chats.ts';
import { CHAT_REQUESTS } from './contract.ts';
import { FILE_REQUESTS, FileStore, fileHandlers, registerFileRoutes } from './files/index.ts';
import { Retention } from './retention.ts';
import { Typing } from './typing.ts';

/** How long somebody is told that they were mentioned, in seconds. */
const MENTION_SECONDS = 24 * 3600;

/** Chat in rooms: messages, who may read them, and how long they are kept. */
export function registerChat(kernel: Kernel): void {
  const { store, config, log } = kernel;
  const files = new FileStore({ store, data: config.data, limits: config.limits, log });
  files.begin();
  const chats = new Chats({
    store,
    files,
    limits: config.limits,
    onMention: (room, accountId, from) =>
      kernel.away.notify(accountId, {
        kind: 'mention',
        from,
        roomId: room.roomId,
        ...(room.record.title !== null && { roomTitle: room.record.title }),
        lifetimeSeconds: MENTION_SECONDS,
      }),
  });
  const limits = new ChatLimits();
  const reading = new ChatReading(kernel, { chats, limits });
  kernel.requests(CHAT_REQUESTS, chatHandlers(kernel, { chats, limits, typing: new Typing(), reading }), {
    audited: ['chat.delete'],
  });
  kernel.chatDuring = (...question) => reading.during(...question);
  registerChatRoutes(kernel, chats, reading);
  const find: ChatReading['file'] = (...place) => reading.file(...place);
  kernel.requests(FILE_REQUESTS, fileHandlers(kernel, { files, find }));
  registerFileRoutes(kernel, { files, describe: (row) => chats.describe(row) });
  kernel.entered.add(async ({ room, peer }) => {
    if (peer.participantId !== undefined) {
      await chats.admit(room, peer.principal.accountId);
    }
  });
  kernel.accountErasing.add((accountId) =>
    chats.eraseAccount(accountId, (roomId) => kernel.rooms.find(roomId)),
  );
  kernel.accountReplaced.add(({ from, to }) => chats.store.replaceAccount(from, to));
  kernel.exports.ofAccount((accountId) => accountExport(chats.store, accountId));
  kernel.exports.ofRoom((roomId) => roomExport(chats.store, roomId));
  kernel.accountDeleting.add(async (accountId) => {
    await files.deleteUnsentOf(accountId);
    await chats.store.forgetAccount(accountId);
  });
  kernel.roomDeleted.add(async ({ db, roomId, committed }) => {
    await chats.store.forgetRoom(db, roomId);
    committed.push(() => files.settle());
  });
  const retention = new Retention(kernel, chats);
  kernel.closing.add(async () => {
    await retention.close();
    await files.close();
  });
}
