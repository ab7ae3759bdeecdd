import { createHash } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { CanopyError } from '../../base/index.ts';
import { MIGRATIONS } from '../features/index.ts';
import { DataLock, requireDataDir } from '../kernel/index.ts';
import { openStore, type Store } from '../store/index.ts';
import {
  batches,
  type Counts,
  clear,
  copiedTables,
  countRows,
  digestTable,
  insertRows,
  isNew,
} from './rows.ts';

/** Name of a secret in the target that identifies the source deployment until the move is complete. */
const MARK = 'moving.from';

export interface MoveOptions {
  /** The data folder with the SQLite database. No server may run on it. */
  dir: string;
  /** URL of the PostgreSQL database: empty, or partly filled by an interrupted move. */
  to: string;
  /** Reports progress: how many of a table's rows have been copied. */
  onProgress?: (table: string, done: number, all: number) => void;
}

/**
 * Moves the store of a data folder to PostgreSQL. If it is interrupted, the next call continues. At the end, every table's contents are
 * compared, and `canopy.sqlite` becomes `canopy.sqlite.moved`. Returns the number of rows by table.
 *
 * @throws {CanopyError} STORE_NOT_EMPTY, DATA_IN_USE, INTERNAL - the contents differ; and what openStore() throws
 */
export async function moveStore({ dir, to, onProgress }: MoveOptions): Promise<Counts> {
  requireDataDir(dir);
  const lock = DataLock.take(dir);
  const opened: Store[] = [];
  try {
    const source = await openStore(dir, { migrations: MIGRATIONS });
    opened.push(source);
    const target = await openStore(dir, {
      migrations: MIGRATIONS,
      url: to,
      exclusive: true,
      unhurried: true,
    });
    opened.push(target);
    const tables = await copiedTables(source);
    await begin(
      target,
      tables,
      createHash('sha256')
        .update(readFileSync(join(dir, 'ca.pem')))
        .digest('hex'),
    );
    const counts: Counts = {};
    for (const table of tables) {
      counts[table] = await copyTable(source, target, table, onProgress);
    }
    for (const table of tables) {
      if ((await digestTable(source, table)) !== (await digestTable(target, table, MARK))) {
        throw new CanopyError('INTERNAL', `${table}: the copy differs from the original`);
      }
    }
    await source.close();
    renameSync(join(dir, 'canopy.sqlite'), join(dir, 'canopy.sqlite.moved'));
    await target.db.deleteFrom('secrets').where('name', '=', MARK).execute();
    return counts;
  } finally {
    for (const store of opened) {
      await store.close();
    }
    lock.release();
  }
}

/** @throws {CanopyError} STORE_NOT_EMPTY */
async function begin(target: Store, tables: readonly string[], deployment: string): Promise<void> {
  const mark = await target.db
    .selectFrom('secrets')
    .select('value')
    .where('name', '=', MARK)
    .executeTakeFirst();
  if (mark?.value === deployment) {
    return;
  }
  if (mark !== undefined || !(await isNew(target))) {
    throw new CanopyError('STORE_NOT_EMPTY', 'the database');
  }
  await target.transaction(async (db) => {
    await clear(db, tables);
    await db.insertInto('secrets').values({ name: MARK, value: deployment }).execute();
  });
}

async function copyTable(
  source: Store,
  target: Store,
  table: string,
  onProgress: MoveOptions['onProgress'],
): Promise<number> {
  const all = await countRows(source.db, table);
  let done = 0;
  await source.snapshot(async (db) => {
    for await (const batch of batches(source.rows(db, table))) {
      await insertRows(target.db, table, batch);
      done += batch.length;
      onProgress?.(table, done, all);
    }
  });
  return all;
}
