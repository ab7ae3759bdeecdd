import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { CanopyError, type Config, configKeys, describeFileError, writeWhole } from '../../../base/index.ts';

/** How long a starting server waits for another one to stop, in milliseconds. */
const WAIT_MS = 1000;

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
/** A data folder's record of the server that runs on it, or last ran on it. */
export type ServerRecord = z.infer<typeof serverRecord>;

/**
 * The lock on a data folder: only one server may run on it, since a server caches parts of the store, such as revocations (threat 60). It
 * is an operating-system lock on the file `lock.sqlite`, so it ends with the process even if that crashes.
 */
export class DataLock {
  readonly #database: Database.Database;
  readonly #file: string;
  #record: ServerRecord;

  /** Takes the lock. @throws {CanopyError} DATA_IN_USE - another server holds it; CONFIG_INVALID - the folder cannot be written */
  static take(dir: string): DataLock {
    const database = tryLock(dir, WAIT_MS);
    if (!database) {
      throw inUse(dir);
    }
    return new DataLock(dir, database);
  }

  private constructor(dir: string, database: Database.Database) {
    this.#database = database;
    this.#file = join(dir, 'server.json');
    // Until the server listens, assume the addresses of the last one.
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

  /** On a full disk, the server runs without the record, and commands need its flags. */
  #save(): void {
    try {
      writeWhole(this.#file, `${JSON.stringify(this.#record, null, 1)}\n`);
    } catch {
      // /readyz reports that the disk is full.
    }
  }
}

/** The server that runs on a folder; null if none does. @throws {CanopyError} CONFIG_INVALID */
export function runningServer(dir: string): ServerRecord | { pid: null } | null {
  if (!existsSync(join(dir, 'lock.sqlite'))) {
    return null;
  }
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

/** The folder's record, unless the configuration names another port. For commands run without the server's flags. */
export function rememberedServer({ data, server }: Config): ServerRecord | undefined {
  const record = recordOf(data.dir);
  return [DEFAULT_PORT, 0, record?.port].includes(server.port) ? record : undefined;
}

/** Takes the lock: the connection that holds it, or undefined if another process does. */
function tryLock(dir: string, waitMs: number): Database.Database | undefined {
  const file = join(dir, 'lock.sqlite');
  const mask = process.umask(0o077);
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { timeout: waitMs });
    // Keep the journal off the disk, which may be full.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database?.close();
    const { code } = cause as { code?: string };
    if (code?.startsWith('SQLITE_BUSY')) {
      return undefined;
    }
    throw new CanopyError('CONFIG_INVALID', `data.dir: ${describeFileError(file, cause)}`, { cause });
  } finally {
    process.umask(mask);
  }
}
