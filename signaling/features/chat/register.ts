import type { Kernel } from '../../kernel/index.ts';
import { chatHandlers } from './chat-handlers.ts';
import { ChatLimits } from './chat-limits.ts';
import { registerChatRoutes } from './chat-routes.ts';
import { Chats } from './chats.ts';
import { CHAT_REQUESTS } from './contract.ts';
import { Retention } from './retention.ts';
import { Typing } from './typing.ts';

/** Chat in rooms: messages, who may read them, and how long they are kept. */
export function registerChat(kernel: Kernel): void {
  const chats = new Chats({ store: kernel.store, limits: kernel.config.limits });
  const context = { chats, limits: new ChatLimits(), typing: new Typing() };
  kernel.requests(CHAT_REQUESTS, chatHandlers(kernel, context), { audited: ['chat.delete'] });
  registerChatRoutes(kernel, chats);
  kernel.entered.add(async ({ room, peer }) => {
    if (peer.participantId !== undefined) {
      await chats.admit(room, peer.principal.accountId);
    }
  });
  kernel.accountDeleting.add((accountId) => chats.store.forgetAccount(accountId));
  kernel.roomDeleted.add(async ({ db, roomId }) => {
    await chats.store.forgetRoom(db, roomId);
  });
  const retention = new Retention(kernel, chats);
  kernel.closing.add(() => retention.close());
}
