/** Copies of a deployment: backup, restore, and the move from SQLite to PostgreSQL. */
export { createBackup } from './create-backup.ts';
export { moveStore } from './move-store.ts';
export { restoreBackup } from './restore-backup.ts';
export type { Counts } from './rows.ts';
