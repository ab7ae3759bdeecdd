import type { Kysely, Transaction } from 'kysely';
import type { Migrations } from './migrations.ts';
import { openPostgres } from './postgres-store.ts';
import { openSqlite } from './sqlite-store.ts';
import type { Tables } from './tables.ts';

/** A row of any table. */
export type Row = Record<string, string | number | null>;

export interface StoreOptions {
  /** Those of every table that the database has. */
  migrations: Migrations;
  /** `postgres://…`. Default: SQLite, in the file `canopy.sqlite` of the data folder. */
  url?: string | undefined;
  /**
   * Whether to hold the database as its only server. Default false. SQLite needs no such lock: the lock on the data folder covers it.
   */
  exclusive?: boolean;
  /** Whether statements may take as long as they need, for commands that copy whole tables. Default false. */
  unhurried?: boolean;
  /** The last migration to apply: for restoring an older backup. Null: none, for reading an older database. Default: all. */
  migrateTo?: string | null | undefined;
}

/** Persistence of the control plane. */
export interface Store {
  readonly db: Kysely<Tables>;
  readonly engine: 'sqlite' | 'postgres';

  /**
   * Runs `work` in a transaction. Transactions that name a common key run one after the other, so that each sees what the others wrote;
   * PostgreSQL would otherwise let two of them read the same state and act on it.
   */
  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>, ...keys: string[]): Promise<T>;

  /** Runs `work` in a transaction that reads the whole store as it was at one moment. */
  snapshot<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T>;

  /** Streams a table's rows, inside snapshot(). */
  rows(db: Transaction<Tables>, table: string): AsyncIterable<Row>;

  /** All tables but the engine's and the migrator's, in the order of their creation: a table comes after those it refers to. */
  tables(): Promise<string[]>;

  /**
   * Test-writes to the database.
   *
   * @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE, STORE_UNAVAILABLE
   */
  tryWrite(): Promise<void>;

  /**
   * Resolves once all earlier writes are on disk, so that a power cut cannot undo them: for one-time events such as using an invitation.
   * With SQLite, commits alone are not synced; with PostgreSQL they are, and this does nothing.
   */
  sync(): Promise<void>;

  close(): Promise<void>;
}

export const Store = {
  /**
   * Opens the store and migrates its tables.
   *
   * @param dir the data folder
   * @throws {CanopyError} STORE_UNUSABLE - damaged, written by a newer version, or not accessible to this user
   * @throws {CanopyError} STORE_BUSY - another program has held the lock for over 5 s
   * @throws {CanopyError} STORE_UNAVAILABLE - PostgreSQL does not answer
   * @throws {CanopyError} DATA_IN_USE - `exclusive`, and another server holds the database
   */
  open(dir: string, { url, ...options }: StoreOptions): Promise<Store> {
    return url === undefined ? openSqlite(dir, options) : openPostgres(url, options);
  },
};
