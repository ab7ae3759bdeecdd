export { Chat, type ChatEvents, type ChatHost, type UnreadCounts } from './chat.ts';
export type { ChatMessage } from './chat-messages.ts';
export type { NewMessage, PendingMessage } from './chat-outbox.ts';
