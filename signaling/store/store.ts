import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

/** A row of any table. */
export type Row = Record<string, string | number | null>;

/** Persistence of the control plane. */
export interface Store {
  readonly db: Kysely<Tables>;
  readonly engine: 'sqlite' | 'postgres';

  /**
   * Runs `work` in a transaction. Transactions with a common key run one after the other, so that each sees what the others wrote. Without
   * keys, PostgreSQL may let two of them act on the same state.
   */
  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>, ...keys: string[]): Promise<T>;

  /** Runs `work` in a transaction that reads a consistent snapshot of the whole store. */
  snapshot<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T>;

  /** Streams a table's rows, inside snapshot(). */
  rows(db: Transaction<Tables>, table: string): AsyncIterable<Row>;

  /** All tables except the engine's (search indexes among them) and the migrator's, in order of creation: a table comes after those it refers to. */
  tables(): Promise<string[]>;

  /**
   * Test-writes to the database.
   *
   * @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE, STORE_UNAVAILABLE
   */
  tryWrite(): Promise<void>;

  /**
   * Resolves once all earlier writes are on disk, where a power cut cannot undo them: for one-time events such as using an invitation.
   * SQLite does not sync commits; PostgreSQL does, so there it does nothing.
   */
  sync(): Promise<void>;

  /**
   * Removes from the files of the database what deleted rows leave there. SQLite overwrites deleted rows anyway; this also rewrites its search
   * indexes and empties its journal. PostgreSQL
   * vacuums by itself, and this does nothing there.
   */
  scrub(): Promise<void>;

  close(): Promise<void>;
}
