/** The database engines for everything that is persistent. Tables belong to the kernel and to features. */
export { containing } from './containing.ts';
export { latestFirst, type Page } from './keyset.ts';
export { lastMigration } from './migrate.ts';
export { type Migrations, STORE_MIGRATIONS } from './migrations.ts';
export { moveRows } from './move-rows.ts';
export { openStore, type StoreOptions } from './open-store.ts';
export { type PostgresFinding, probePostgres } from './postgres-store.ts';
export { sharedSecret } from './shared-secret.ts';
export type { Row, Store } from './store.ts';
export { isUniqueViolation } from './store-errors.ts';
export type { Tables } from './tables.ts';
export { WriteBehind } from './write-behind.ts';
