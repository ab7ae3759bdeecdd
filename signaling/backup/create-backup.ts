import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { CanopyError, type Config, describeFileError } from '../../base/index.ts';
import { MIGRATIONS } from '../features/index.ts';
import { requireDataDir } from '../kernel/index.ts';
import { lastMigration, openStore } from '../store/index.ts';
import type { end, header, line } from './format.ts';
import { type Counts, copiedTables } from './rows.ts';

type Line = z.input<typeof header> | z.input<typeof line> | z.input<typeof end>;

/** Files of the data folder that are not backed up: the database, which is copied row by row, locks, and temporary or obsolete files. */
const LEFT_OUT = /^(?:canopy\.sqlite.*|lock\.sqlite.*|server\.json|.*\.new|.*\.imported)$/;
/** Characters that are buffered before they are written. */
const CHUNK_BYTES = 1_048_576;

/**
 * Writes the database and the files of the data folder, including the CA and keys, to one file that only its owner can read. The database
 * is copied from a consistent snapshot, even while a server runs, and is not migrated. Returns the number of rows by table.
 *
 * @throws {CanopyError} CONFIG_INVALID - no server has run on the folder, or the file cannot be written; and what openStore() throws
 */
export async function createBackup(config: Config, file: string, version: string): Promise<Counts> {
  const { dir } = config.data;
  const { url } = config.store;
  requireDataDir(dir, url);
  const store = await openStore(dir, { migrations: MIGRATIONS, url, migrateTo: null, unhurried: true });
  const rows: Counts = {};
  try {
    const out = await Output.create(file);
    try {
      const migration = (await lastMigration(store.db)) ?? '';
      await out.write({ canopyBackup: 1, version, createdAtMs: Date.now(), migration });
      const tables = await copiedTables(store);
      await store.snapshot(async (db) => {
        for (const table of tables) {
          rows[table] = 0;
          for await (const row of store.rows(db, table)) {
            rows[table] += 1;
            await out.write({ table, row });
          }
        }
      });
      for (const entry of await readdir(dir, { withFileTypes: true })) {
        if (!entry.isFile() || LEFT_OUT.test(entry.name)) {
          continue;
        }
        const bytes = await readFile(join(dir, entry.name));
        await out.write({ file: entry.name, base64: bytes.toString('base64') });
      }
      await out.finish(rows);
    } catch (error) {
      await out.close();
      throw error;
    }
  } finally {
    await store.close();
  }
  return rows;
}

/** An unfinished backup never has the final name. */
class Output {
  readonly #file: string;
  readonly #handle: Awaited<ReturnType<typeof open>>;
  readonly #hash = createHash('sha256');
  #pending = '';

  static async create(file: string): Promise<Output> {
    try {
      return new Output(file, await open(`${file}.new`, 'w', 0o600));
    } catch (cause) {
      throw new CanopyError('CONFIG_INVALID', describeFileError(file, cause), { cause });
    }
  }

  private constructor(file: string, handle: Awaited<ReturnType<typeof open>>) {
    this.#file = file;
    this.#handle = handle;
  }

  async write(line: Line): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.#hash.update(text);
    this.#pending += text;
    if (this.#pending.length > CHUNK_BYTES) {
      await this.#flush();
    }
  }

  async finish(rows: Counts): Promise<void> {
    await this.#flush();
    await this.#handle.writeFile(`${JSON.stringify({ rows, sha256: this.#hash.digest('hex') })}\n`);
    await this.#handle.chmod(0o600);
    await this.#handle.sync();
    await this.close();
    await rename(`${this.#file}.new`, this.#file);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    await this.#handle.writeFile(text);
  }
}
