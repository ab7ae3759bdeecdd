import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CanopyError, type Config, describeFileError } from '../../base/index.ts';
import { MIGRATIONS } from '../features/index.ts';
import { DataLock, openDataDir, writeWhole } from '../kernel/index.ts';
import { openStore, type Store } from '../store/index.ts';
import { end, header, line } from './format.ts';
import { batches, type Counts, clear, copiedTables, countRows, insertRows, isNew } from './rows.ts';

/**
 * Restores a backup into an empty data folder and, with `store.url`, an empty database. The backup may come from either engine and from an
 * older version. Returns the number of rows by table.
 *
 * @throws {CanopyError} BACKUP_INVALID - damaged or incomplete; nothing was changed
 * @throws {CanopyError} STORE_NOT_EMPTY; STORE_UNUSABLE - a newer version made the backup; and what openStore() throws
 */
export async function restoreBackup(config: Config, file: string): Promise<Counts> {
  const { dir } = config.data;
  const { url } = config.store;
  const { migration, rows } = await validate(file);
  openDataDir(dir);
  for (const name of ['ca.pem', ...(url === undefined ? ['canopy.sqlite'] : [])]) {
    if (existsSync(join(dir, name))) {
      throw new CanopyError('STORE_NOT_EMPTY', `${dir} has a ${name}`);
    }
  }
  const lock = DataLock.take(dir);
  try {
    const store = await openStore(dir, {
      migrations: MIGRATIONS,
      url,
      migrateTo: migration,
      exclusive: true,
      unhurried: true,
    });
    try {
      if (!(await isNew(store))) {
        throw new CanopyError('STORE_NOT_EMPTY', 'the database');
      }
      await fill(store, file, rows);
    } finally {
      await store.close();
    }
    await (await openStore(dir, { migrations: MIGRATIONS, url, unhurried: true })).close();
    await restoreFiles(dir, file);
  } finally {
    lock.release();
  }
  return rows;
}

/** Validates the whole backup. @throws {CanopyError} BACKUP_INVALID */
async function validate(file: string): Promise<{ migration: string; rows: Counts }> {
  const hash = createHash('sha256');
  const counts: Counts = {};
  let first: string | undefined;
  let last: string | undefined;
  try {
    for await (const text of linesOf(file)) {
      if (last !== undefined) {
        hash.update(`${last}\n`);
        if (first === undefined) {
          first = last;
        } else {
          const parsed = line.parse(JSON.parse(last));
          if ('table' in parsed) {
            counts[parsed.table] = (counts[parsed.table] ?? 0) + 1;
          }
        }
      }
      last = text;
    }
    const { migration } = header.parse(JSON.parse(first ?? ''));
    const { rows, sha256 } = end.parse(JSON.parse(last ?? ''));
    if (sha256 !== hash.digest('hex')) {
      throw new Error('the checksum differs');
    }
    for (const [table, count] of Object.entries(rows)) {
      if ((counts[table] ?? 0) !== count) {
        throw new Error(`rows of ${table} are missing`);
      }
    }
    return { migration, rows };
  } catch (cause) {
    const detail = (cause as NodeJS.ErrnoException).syscall
      ? describeFileError(file, cause)
      : `${file}: ${(cause as Error).message}`;
    throw new CanopyError('BACKUP_INVALID', detail, { cause });
  }
}

/** Fills the database in one transaction, so that it is complete or still empty. */
async function fill(store: Store, file: string, expected: Counts): Promise<void> {
  const tables = await copiedTables(store);
  await store.transaction(async (db) => {
    await clear(db, tables);
    for await (const batch of batches(rowsOf(file))) {
      for (const [table, each] of Map.groupBy(batch, ({ table }) => table)) {
        await insertRows(
          db,
          table,
          each.map(({ row }) => row),
        );
      }
    }
    for (const [table, count] of Object.entries(expected)) {
      const found = await countRows(db, table);
      if (found !== count) {
        throw new CanopyError('BACKUP_INVALID', `${table}: ${found} of ${count} rows`);
      }
    }
  });
  await store.sync();
}

/** Writes the CA certificate last, so that an incomplete folder is recognised by its absence. */
async function restoreFiles(dir: string, file: string): Promise<void> {
  const files = new Map<string, Buffer>();
  for await (const text of bodyOf(file)) {
    if ('file' in text) {
      files.set(text.file, Buffer.from(text.base64, 'base64'));
    }
  }
  const ca = files.get('ca.pem');
  files.delete('ca.pem');
  for (const [name, bytes] of [...files, ...(ca ? [['ca.pem', ca] as const] : [])]) {
    writeWhole(join(dir, name), bytes.toString());
  }
}

async function* rowsOf(file: string) {
  for await (const each of bodyOf(file)) {
    if ('table' in each) {
      yield each;
    }
  }
}

/** The lines between header and end. */
async function* bodyOf(file: string) {
  let before: string | undefined;
  let isHeader = true;
  for await (const text of linesOf(file)) {
    if (isHeader) {
      isHeader = false;
      continue;
    }
    if (before !== undefined) {
      yield line.parse(JSON.parse(before));
    }
    before = text;
  }
}

function linesOf(file: string): AsyncIterable<string> {
  const input = createReadStream(file, 'utf8');
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  input.once('error', (error) => lines.emit('error', error));
  return lines;
}
