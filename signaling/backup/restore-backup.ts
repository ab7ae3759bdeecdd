import { createHash } from 'node:crypto';
import { createReadStream, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CanopyError, type Config, describeFileError, writeWhole } from '../../base/index.ts';
import { MIGRATIONS } from '../features/index.ts';
import { DataLock, openDataDir } from '../kernel/index.ts';
import { openStore, type Store } from '../store/index.ts';
import { end, header, line, MAGIC } from './format.ts';
import { batches, type Counts, clear, copiedTables, countRows, insertRows, isNew } from './rows.ts';

/** The name of the CA's certificate until everything else is in place: a folder without it is not taken for a complete one. */
const CA_ASIDE = 'ca.pem.restored';

/**
 * Restores a backup into an empty data folder and, with `store.url`, an empty database. The backup may come from either engine and from an
 * older version. Returns the number of rows by table.
 *
 * @throws {CanopyError} BACKUP_INVALID - damaged or incomplete; nothing was changed
 * @throws {CanopyError} FILE_UNUSABLE - it cannot be read, or a file of the folder not be written
 * @throws {CanopyError} STORE_NOT_EMPTY; STORE_UNUSABLE - a newer version made the backup; and what openStore() throws
 */
export async function restoreBackup(config: Config, file: string): Promise<Counts> {
  const { dir } = config.data;
  const { url } = config.store;
  const { migration, rows } = await validate(file);
  openDataDir(dir);
  requireEmpty(dir, url);
  const lock = DataLock.take(dir);
  let isFilling = false;
  try {
    requireEmpty(dir, url);
    isFilling = url === undefined;
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
      // First what may fail on a full disk: a database that was filled is no longer an empty one.
      await restoreFiles(dir, file);
      await fill(store, file, rows);
    } finally {
      await store.close();
    }
    await (await openStore(dir, { migrations: MIGRATIONS, url, unhurried: true })).close();
    renameSync(join(dir, CA_ASIDE), join(dir, 'ca.pem'));
    isFilling = false;
  } finally {
    if (isFilling) {
      // The next attempt may use the same folder.
      for (const suffix of ['', '-wal', '-shm']) {
        rmSync(join(dir, `canopy.sqlite${suffix}`), { force: true });
      }
    }
    lock.release();
  }
  return rows;
}

/** @throws {CanopyError} STORE_NOT_EMPTY */
function requireEmpty(dir: string, url: string | undefined): void {
  for (const name of ['ca.pem', ...(url === undefined ? ['canopy.sqlite'] : [])]) {
    if (existsSync(join(dir, name))) {
      throw new CanopyError('STORE_NOT_EMPTY', `${dir} has a ${name}`);
    }
  }
}

/** Validates the whole backup. @throws {CanopyError} BACKUP_INVALID, FILE_UNUSABLE */
async function validate(file: string): Promise<{ migration: string; rows: Counts }> {
  const hash = createHash('sha256');
  const counts: Counts = {};
  let number = 0;
  const parsed = <T>(schema: { parse(value: unknown): T }, text: string): T => {
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      throw new Error(`line ${number} is damaged`, { cause });
    }
  };
  let first: { migration: string } | undefined;
  let last: string | undefined;
  try {
    for await (const text of linesOf(file)) {
      if (last !== undefined) {
        hash.update(`${last}\n`);
        number += 1;
        if (first === undefined) {
          first = parsed(header, last);
        } else {
          const each = parsed(line, last);
          if ('table' in each) {
            counts[each.table] = (counts[each.table] ?? 0) + 1;
          }
        }
      } else if (!text.startsWith(MAGIC)) {
        break;
      }
      last = text;
    }
    if (last === undefined) {
      throw new Error('line 1 is not the beginning of a Canopy backup');
    }
    number += 1;
    if (first === undefined || !last.startsWith('{"rows"')) {
      throw new Error(`it ends early, after line ${number}`);
    }
    const { migration } = first;
    const { rows, sha256 } = parsed(end, last);
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
    if (cause instanceof CanopyError) {
      throw cause;
    }
    throw new CanopyError('BACKUP_INVALID', `${file}: ${(cause as Error).message}`, { cause });
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

async function restoreFiles(dir: string, file: string): Promise<void> {
  for await (const each of bodyOf(file)) {
    if (!('file' in each)) {
      continue;
    }
    const target = join(dir, each.file === 'ca.pem' ? CA_ASIDE : each.file);
    try {
      writeWhole(target, Buffer.from(each.base64, 'base64'));
    } catch (cause) {
      throw new CanopyError('FILE_UNUSABLE', describeFileError(target, cause), { cause });
    }
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

/** Lines end in LF alone: `node:readline` would end them at U+2028 too, which JSON leaves in names as it is. */
async function* linesOf(file: string): AsyncIterable<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(file, 'utf8') as AsyncIterable<string>) {
      if (!chunk.includes('\n')) {
        rest += chunk;
        continue;
      }
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (cause) {
    throw new CanopyError('FILE_UNUSABLE', describeFileError(file, cause), { cause });
  }
  if (rest !== '') {
    yield rest;
  }
}
