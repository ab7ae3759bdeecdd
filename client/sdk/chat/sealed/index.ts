/** The chat of encrypted rooms. Loaded when a room is encrypted. */
export { SealedChat, type SealedChatHost } from './sealed-chat.ts';
export type { UnreadableCounts } from './sealed-messages.ts';
