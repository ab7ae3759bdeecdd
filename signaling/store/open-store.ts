import type { Migrations } from './migrations.ts';
import { openPostgres } from './postgres-store.ts';
import { openSqlite } from './sqlite-store.ts';
import type { Store } from './store.ts';

export interface StoreOptions {
  /** The migrations of all tables. */
  migrations: Migrations;
  /** `postgres://…`. Default: SQLite, in the file `canopy.sqlite` of the data folder. */
  url?: string | undefined;
  /**
   * Whether to lock the database against other servers. Default false. Ignored for SQLite, which the lock on the data folder protects.
   */
  exclusive?: boolean;
  /** Whether to disable time limits on statements, for commands that copy whole tables. Default false. */
  unhurried?: boolean;
  /** The last migration to apply: for restoring an older backup. Null: none, for reading an older database. Default: all. */
  migrateTo?: string | null | undefined;
}

/**
 * Opens the store and migrates its tables.
 *
 * @param dir the data folder
 * @throws {CanopyError} STORE_UNUSABLE - damaged, written by a newer version, or not accessible to this user
 * @throws {CanopyError} STORE_BUSY - another program held the lock for over 5 s
 * @throws {CanopyError} STORE_UNAVAILABLE - PostgreSQL does not answer
 * @throws {CanopyError} DATA_IN_USE - `exclusive`, and another server holds the database
 */
export function openStore(dir: string, { url, ...options }: StoreOptions): Promise<Store> {
  return url === undefined ? openSqlite(dir, options) : openPostgres(url, options);
}
