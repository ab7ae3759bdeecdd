import { renameSync } from 'node:fs';
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

export interface MoveOptions {
  /** The data folder with the SQLite database. No server may run on it. */
  dir: string;
  /** URL of the PostgreSQL database: an empty one, or one with the same contents. */
  to: string;
  /** Called for each table with how many of its rows were copied. */
  onProgress?: (table: string, done: number, all: number) => void;
}

/**
 * Moves the store of a data folder to PostgreSQL. All rows arrive in one transaction: a server that is started on the database after an
 * interruption must not find part of them, such as accounts without revocations. Then every table's contents are compared, and
 * `canopy.sqlite` becomes `canopy.sqlite.moved`. Returns the number of rows by table.
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
    const counts: Counts = {};
    for (const table of tables) {
      counts[table] = await countRows(source.db, table);
    }
    if (await isNew(target)) {
      await copy(source, target, counts, onProgress);
      const different = await differing(source, target, tables);
      if (different !== undefined) {
        throw new CanopyError('INTERNAL', `${different} differs after it was copied`);
      }
    } else if ((await differing(source, target, tables)) !== undefined) {
      // Otherwise it was filled by a move that was interrupted just before its end.
      throw new CanopyError('STORE_NOT_EMPTY', 'the database');
    }
    await source.close();
    renameSync(join(dir, 'canopy.sqlite'), join(dir, 'canopy.sqlite.moved'));
    return counts;
  } finally {
    for (const store of opened) {
      await store.close();
    }
    lock.release();
  }
}

async function copy(
  source: Store,
  target: Store,
  counts: Counts,
  onProgress: MoveOptions['onProgress'],
): Promise<void> {
  await target.transaction(async (into) => {
    await clear(into, Object.keys(counts));
    await source.snapshot(async (from) => {
      for (const [table, all] of Object.entries(counts)) {
        let done = 0;
        for await (const batch of batches(source.rows(from, table))) {
          await insertRows(into, table, batch);
          done += batch.length;
          onProgress?.(table, done, all);
        }
      }
    });
  });
}

/** The first table whose contents differ. */
async function differing(
  source: Store,
  target: Store,
  tables: readonly string[],
): Promise<string | undefined> {
  for (const table of tables) {
    if ((await digestTable(source, table)) !== (await digestTable(target, table))) {
      return table;
    }
  }
  return undefined;
}
