import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { CanopyError, type Config, configKeys, describeFileError } from '../base/index.ts';
import { writeWhole } from './data-dir.ts';

/** How long a start waits for a server that is just ending, in milliseconds. */
const PATIENCE_MILLISECONDS = 1000;

const DEFAULT_PORT = configKeys().find(({ path }) => path === 'server.port')?.default;

const serverRecord = z.object({
  pid: z.int(),
  /** Of the machine or container: process ids repeat in others. */
  host: z.string(),
  /** Unix time in milliseconds. */
  startedAtMs: z.number(),
  /** TCP port of HTTPS and signalling; absent until it listens. */
  port: z.int().optional(),
  /** The address that links name. */
  publicUrl: z.string().optional(),
  /** The address at which programs on the same host reach it. */
  localUrl: z.string().optional(),
  /** First port of the media workers, and how many there are. */
  rtc: z.object({ port: z.int(), workers: z.int() }).optional(),
});
/** What a data folder remembers of the server that runs on it, or ran last. */
export type ServerRecord = z.infer<typeof serverRecord>;

/**
 * The lock on a data folder: at most one server runs on it, since a server knows by heart what the store has, such as who was revoked
 * (threat 60). The lock is the operating system's, on the file `lock.sqlite`, and ends with the process, whatever it dies of.
 */
export class DataLock {
  readonly #database: Database.Database;
  readonly #file: string;
  #record: ServerRecord;

  /** @throws {CanopyError} DATA_IN_USE - another server holds it; CONFIG_INVALID - the folder cannot be written */
  static take(dir: string): DataLock {
    const database = tryLock(dir, PATIENCE_MILLISECONDS);
    if (!database) throw inUse(dir);
    return new DataLock(dir, database);
  }

  private constructor(dir: string, database: Database.Database) {
    this.#database = database;
    this.#file = join(dir, 'server.json');
    // Where the last one listened is likely where this one will.
    this.#record = {
      ...recordOf(dir),
      pid: process.pid,
      host: hostname(),
      startedAtMs: Date.now(),
    };
    this.#save();
  }

  /** Remembers where the server listens, for the commands that work on the folder. */
  remember(where: Pick<ServerRecord, 'port' | 'publicUrl' | 'localUrl' | 'rtc'>): void {
    this.#record = { ...this.#record, ...where };
    this.#save();
  }

  release(): void {
    this.#database.close();
  }

  /** With a full disk a server runs nonetheless; commands then need its flags. */
  #save(): void {
    try {
      writeWhole(this.#file, `${JSON.stringify(this.#record, null, 1)}\n`);
    } catch {
      // Said by /readyz, which tries to write too.
    }
  }
}

/** The server that runs on a folder; null where none does. @throws {CanopyError} CONFIG_INVALID */
export function runningServer(dir: string): ServerRecord | { pid: null } | null {
  if (!existsSync(join(dir, 'lock.sqlite'))) return null;
  const database = tryLock(dir, 0);
  database?.close();
  return database ? null : (recordOf(dir) ?? { pid: null });
}

/** The error for a folder on which a server runs. */
export function inUse(dir: string): CanopyError {
  const record = recordOf(dir);
  const who = record
    ? `process ${record.pid} on ${record.host}, started ${new Date(record.startedAtMs).toISOString()}${record.port === undefined ? '' : `, port ${record.port}`}`
    : 'another process';
  return new CanopyError('DATA_IN_USE', `${dir} is held by ${who}`);
}

/** What the folder remembers of its server, if anything. */
function recordOf(dir: string): ServerRecord | undefined {
  try {
    return serverRecord.parse(JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * What the folder remembers, unless the configuration names another port: for commands that were not given the flags of the server.
 */
export function rememberedServer({ data, server }: Config): ServerRecord | undefined {
  const record = recordOf(data.dir);
  return [DEFAULT_PORT, 0, record?.port].includes(server.port) ? record : undefined;
}

/** The connection that holds the lock, or undefined where another process has it. */
function tryLock(dir: string, patienceMs: number): Database.Database | undefined {
  const file = join(dir, 'lock.sqlite');
  const mask = process.umask(0o077);
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { timeout: patienceMs });
    // No journal on the disk, which may be full.
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
