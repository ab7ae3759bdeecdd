import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { CanopyError, type Config, configKeys, describeFileError } from '../../../base/index.ts';
import { writeWhole } from './data-dir.ts';

/** How long a starting server waits for another that is just stopping, in milliseconds. */
const PATIENCE_MS = 1000;

const DEFAULT_PORT = configKeys().find(({ path }) => path === 'server.port')?.default;

const serverRecord = z.object({
  pid: z.int(),
  /** Id of the machine or container: process ids are unique only within one. */
  host: z.string(),
  /** Unix time in milliseconds. */
  startedAtMs: z.number(),
  /** TCP port of HTTPS and signalling; absent until it listens. */
  port: z.int().optional(),
  /** The address used in links. */
  publicUrl: z.string().optional(),
  /** The address for programs on the same host. */
  localUrl: z.string().optional(),
  /** First port of the media workers, and the number of workers. */
  rtc: z.object({ port: z.int(), workers: z.int() }).optional(),
});
/** What a data folder records about the server that runs on it, or ran last. */
export type ServerRecord = z.infer<typeof serverRecord>;

/**
 * The lock on a data folder: at most one server may run on it, since a server keeps parts of the store in memory, such as revocations
 * (threat 60). It is an operating-system lock on the file `lock.sqlite`, so it ends with the process however that dies.
 */
export class DataLock {
  readonly #database: Database.Database;
  readonly #file: string;
  #record: ServerRecord;

  /** @throws {CanopyError} DATA_IN_USE - another server holds it; CONFIG_INVALID - the folder cannot be written */
  static take(dir: string): DataLock {
    const database = tryLock(dir, PATIENCE_MS);
    if (!database) throw inUse(dir);
    return new DataLock(dir, database);
  }

  private constructor(dir: string, database: Database.Database) {
    this.#database = database;
    this.#file = join(dir, 'server.json');
    // A server is likely to listen where the last one did.
    this.#record = {
      ...recordOf(dir),
      pid: process.pid,
      host: hostname(),
      startedAtMs: Date.now(),
    };
    this.#save();
  }

  /** Records where the server listens, for commands that work on the folder. */
  remember(where: Pick<ServerRecord, 'port' | 'publicUrl' | 'localUrl' | 'rtc'>): void {
    this.#record = { ...this.#record, ...where };
    this.#save();
  }

  release(): void {
    this.#database.close();
  }

  /** With a full disk, a server runs without the record; commands then need its flags. */
  #save(): void {
    try {
      writeWhole(this.#file, `${JSON.stringify(this.#record, null, 1)}\n`);
    } catch {
      // /readyz reports this, as it tries to write too.
    }
  }
}

/** The server running on a folder; null if none is. @throws {CanopyError} CONFIG_INVALID */
export function runningServer(dir: string): ServerRecord | { pid: null } | null {
  if (!existsSync(join(dir, 'lock.sqlite'))) return null;
  const database = tryLock(dir, 0);
  database?.close();
  return database ? null : (recordOf(dir) ?? { pid: null });
}

/** The error for a folder that a server is using. */
export function inUse(dir: string): CanopyError {
  const record = recordOf(dir);
  const who = record
    ? `process ${record.pid} on ${record.host}, started ${new Date(record.startedAtMs).toISOString()}${record.port === undefined ? '' : `, port ${record.port}`}`
    : 'another process';
  return new CanopyError('DATA_IN_USE', `${dir} is in use by ${who}`);
}

/** The folder's record of its server, if it has one. */
function recordOf(dir: string): ServerRecord | undefined {
  try {
    return serverRecord.parse(JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * The folder's record, unless the configuration names another port: for commands run without the server's flags.
 */
export function rememberedServer({ data, server }: Config): ServerRecord | undefined {
  const record = recordOf(data.dir);
  return [DEFAULT_PORT, 0, record?.port].includes(server.port) ? record : undefined;
}

/** The connection that holds the lock, or undefined if another process has it. */
function tryLock(dir: string, patienceMs: number): Database.Database | undefined {
  const file = join(dir, 'lock.sqlite');
  const mask = process.umask(0o077);
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { timeout: patienceMs });
    // Keep the journal off the disk, which may be full.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database?.close();
    const { code } = cause as { code?: string };
    if (code?.startsWith('SQLITE_BUSY')) return undefined;
    throw new CanopyError('CONFIG_INVALID', `data.dir: ${describeFileError(file, cause)}`, { cause });
  } finally {
    process.umask(mask);
  }
}
