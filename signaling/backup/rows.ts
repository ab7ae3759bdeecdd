import { createHash } from 'node:crypto';
import { storable } from '../../contract/index.ts';
import type { Row, Store } from '../store/index.ts';

type Db = Pick<Store['db'], 'insertInto' | 'deleteFrom' | 'selectFrom'>;
type AnyTable = 'accounts';

/** Rows by table. */
export type Counts = Record<string, number>;

/** Rows per statement. */
const BATCH = 200;

/** Tables that are not copied: the probes of readiness checks. */
const UNCOPIED: readonly string[] = ['probes'];
/** Tables that are not empty in a new database. */
const SEEDED: readonly string[] = ['dial_rules', 'secrets'];

/** The tables to copy, in the order in which they can be filled. */
export async function copiedTables(store: Store): Promise<string[]> {
  return (await store.tables()).filter((table) => !UNCOPIED.includes(table));
}

/** Whether the database is as empty as a new one. */
export async function isNew(store: Store): Promise<boolean> {
  for (const table of await copiedTables(store)) {
    if (!SEEDED.includes(table) && (await countRows(store.db, table)) > 0) {
      return false;
    }
  }
  return true;
}

/** Deletes all rows of these tables. */
export async function clear(db: Db, tables: readonly string[]): Promise<void> {
  for (const table of tables.toReversed()) {
    await db.deleteFrom(table as AnyTable).execute();
  }
}

/** Inserts rows; existing ones stay unchanged. */
export async function insertRows(db: Db, table: string, rows: readonly Row[]): Promise<void> {
  await db
    .insertInto(table as AnyTable)
    .values(rows.map(asCopied) as never)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** A row of SQLite may hold text that PostgreSQL cannot. */
function asCopied(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      typeof value === 'string' ? storable(value) : value,
    ]),
  );
}

export async function countRows(db: Db, table: string): Promise<number> {
  const { rows } = await db
    .selectFrom(table as AnyTable)
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow();
  return rows;
}

/** Groups rows for insertRows(). */
export async function* batches<T>(items: AsyncIterable<T>): AsyncIterable<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length === BATCH) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) {
    yield batch;
  }
}

/**
 * A digest of a table's contents that does not depend on the engine or on the order of rows and columns.
 */
export async function digestTable(store: Store, table: string): Promise<string> {
  const sum = Buffer.alloc(32);
  await store.snapshot(async (db) => {
    for await (const row of store.rows(db, table)) {
      const text = JSON.stringify(Object.entries(asCopied(row)).sort(([a], [b]) => (a < b ? -1 : 1)));
      for (const [index, byte] of createHash('sha256').update(text).digest().entries()) {
        sum[index] = (sum[index] ?? 0) ^ byte;
      }
    }
  });
  return sum.toString('hex');
}
