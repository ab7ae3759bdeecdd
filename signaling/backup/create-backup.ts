import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { CanopyError, type Config, describeFileError } from '../../base/index.ts';
import { MIGRATIONS } from '../features/index.ts';
import { requireDataDir } from '../kernel/index.ts';
import { lastMigration, openStore } from '../store/index.ts';
import { type end, type header, type line, MAGIC } from './format.ts';
import { type Counts, copiedTables } from './rows.ts';

type Line = z.input<typeof header> | z.input<typeof line> | z.input<typeof end>;

/** Files of the data folder that are not backed up: the database, which is copied row by row, locks, calls in progress, and temporary or obsolete files. */
const LEFT_OUT =
  /^(?:canopy\.sqlite.*|lock\.sqlite.*|server\.json|gateway-calls\..*|.*\.new|.*\.restored|.*\.imported)$/;
/** Characters that are buffered before they are written. */
const CHUNK_BYTES = 1_048_576;

/**
 * Writes the database and the files of the data folder, including the CA and keys, to one file that only its owner can read. The database
 * is copied from a consistent snapshot, even while a server runs, and is not migrated. Returns the number of rows by table.
 *
 * The files of chats are not in it. They can be copied as they are, since they are encrypted; so the secret that encrypts their keys is left
 * out as well, unless asked for.
 *
 * @throws {CanopyError} CONFIG_INVALID - no server has run on the folder
 * @throws {CanopyError} FILE_UNUSABLE - the backup cannot be written, or a file of the folder not be read; and what openStore() throws
 */
export async function createBackup(
  config: Config,
  file: string,
  version: string,
  { withFilesKey = false }: { withFilesKey?: boolean } = {},
): Promise<Counts> {
  const { dir } = config.data;
  const filesKey = resolve(config.data.filesKey ?? join(dir, 'files.key'));
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
      for (const name of await readdir(dir)) {
        const path = join(dir, name);
        const isLeftOut = LEFT_OUT.test(name) || (resolve(path) === filesKey && !withFilesKey);
        const bytes = isLeftOut ? undefined : await contents(path);
        if (bytes !== undefined) {
          await out.write({ file: name, base64: bytes.toString('base64') });
        }
      }
      await out.finish(rows);
    } catch (error) {
      await out.discard();
      throw error;
    }
  } finally {
    await store.close();
  }
  return rows;
}

/** What a file holds, also one that is mounted by a link; undefined for a folder, and for an earlier backup. */
async function contents(file: string): Promise<Buffer | undefined> {
  try {
    if (!(await stat(file)).isFile()) {
      return undefined;
    }
    const bytes = await readFile(file);
    return bytes.subarray(0, MAGIC.length).toString() === MAGIC ? undefined : bytes;
  } catch (cause) {
    throw unusable(file, cause);
  }
}

function unusable(file: string, cause: unknown): CanopyError {
  return new CanopyError('FILE_UNUSABLE', describeFileError(file, cause), { cause });
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
      throw unusable(file, cause);
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
    this.#pending += `${JSON.stringify({ rows, sha256: this.#hash.digest('hex') })}\n`;
    await this.#flush();
    try {
      await this.#handle.chmod(0o600);
      await this.#handle.sync();
      await this.#handle.close();
      await rename(`${this.#file}.new`, this.#file);
    } catch (cause) {
      throw unusable(this.#file, cause);
    }
  }

  /** Removes what was written so far: it holds secrets too. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(`${this.#file}.new`, { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    try {
      await this.#handle.writeFile(text);
    } catch (cause) {
      throw unusable(this.#file, cause);
    }
  }
}
