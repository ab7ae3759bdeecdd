export { Chat, type ChatEvents, type ChatHost, type UnreadCounts } from './chat.ts';
export type { ChatFile, ChatMessage } from './chat-messages.ts';
export type { NewMessage, PendingMessage } from './chat-outbox.ts';
export type { FileUpload, FileUploadState, NewFile } from './file-upload.ts';
export type { UnreadableCounts } from './sealed/index.ts';
