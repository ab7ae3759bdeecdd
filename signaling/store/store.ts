import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

/** A row of any table. */
export type Row = Record<string, string | number | null>;

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
