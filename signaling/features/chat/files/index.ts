export { type ChatFile, FILE_REQUESTS, type FileDescription } from './contract.ts';
export { fileHandlers } from './file-handlers.ts';
export { registerFileRoutes } from './file-routes.ts';
export { FileStore } from './file-store.ts';
export { CHAT_FILE_MIGRATIONS } from './migrations.ts';
export type { ChatFileRow } from './tables.ts';
