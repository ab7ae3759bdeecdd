import { chmodSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Driver, Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { CanopyError, describeFileError } from '../../base/index.ts';
import { MIGRATIONS, type Tables } from './schema.ts';
import { storeError, withCodedErrors } from './store-errors.ts';

/**
 * How long a statement waits for another program's lock, in milliseconds. SQLite waits in this thread, so everybody in the conferences
 * waits too: it is short, and STORE_BUSY asks for another try.
 */
const BUSY_MILLISECONDS = 50;
/** The same while the store is opened, when nobody waits. */
const OPENING_BUSY_MILLISECONDS = 5000;

/** The control plane's memory: accounts, devices, invitations, revocations, grants and what concerns phones. Embedded SQLite. */
export class Store {
  readonly db: Kysely<Tables>;
  readonly #sqlite: Database.Database;
  readonly #file: string;
  #closed = false;

  private constructor(file: string, sqlite: Database.Database, db: Kysely<Tables>) {
    this.#file = file;
    this.#sqlite = sqlite;
    this.db = db;
  }

  /**
   * Opens `canopy.sqlite` in the folder, for its owner alone, and brings its tables up to date.
   *
   * @throws {CanopyError} STORE_UNUSABLE - damaged, of a newer version, or of another owner
   * @throws {CanopyError} STORE_BUSY - another program holds it for over 5 s
   */
  static async open(dir: string): Promise<Store> {
    const file = join(dir, 'canopy.sqlite');
    let sqlite: Database.Database;
    try {
      sqlite = openForOwner(file);
    } catch (error) {
      throw unusable(file, error);
    }
    const db = new Kysely<Tables>({ dialect: new Dialect(sqlite) });
    const store = new Store(file, sqlite, db);
    try {
      const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
      const { error } = await migrator.migrateToLatest();
      if (error !== undefined) throw error;
      requireOwnership(sqlite);
    } catch (error) {
      await store.close();
      throw unusable(file, error);
    }
    sqlite.pragma(`busy_timeout = ${BUSY_MILLISECONDS}`);
    return store;
  }

  /**
   * Writes to the database, to see whether that is possible.
   *
   * @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE
   */
  tryWrite(): void {
    try {
      touch(this.#sqlite);
    } catch (error) {
      throw storeError(error);
    }
  }

  /**
   * Resolves when everything that was written so far is on the disk, so that a power cut does not undo it: for what happens once, such as
   * the use of an invitation. Commits alone are not synced (`synchronous = NORMAL`), since that would hold up everybody.
   */
  async sync(): Promise<void> {
    const log = await open(`${this.#file}-wal`, 'r+');
    try {
      await log.datasync();
    } finally {
      await log.close();
    }
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      await this.db.destroy();
      // Kysely closes only what it has used.
      this.#sqlite.close();
    }
  }
}

/** SQLite ends a transaction by itself on a full disk; rolling it back once more would hide why it failed. */
class Dialect extends SqliteDialect {
  readonly #sqlite: Database.Database;

  constructor(sqlite: Database.Database) {
    super({ database: withCodedErrors(sqlite) });
    this.#sqlite = sqlite;
  }

  override createDriver(): Driver {
    const driver = super.createDriver();
    const rollback = driver.rollbackTransaction.bind(driver);
    driver.rollbackTransaction = async (connection) => {
      if (this.#sqlite.inTransaction) await rollback(connection);
    };
    return driver;
  }
}

/** Its files get the mode of the database, which holds the passwords of trunks. */
function openForOwner(file: string): Database.Database {
  const mask = process.umask(0o077);
  try {
    const sqlite = new Database(file, { timeout: OPENING_BUSY_MILLISECONDS });
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = NORMAL');
    sqlite.pragma('foreign_keys = ON');
    for (const each of [file, `${file}-wal`, `${file}-shm`]) {
      try {
        chmodSync(each, 0o600);
      } catch {
        // Not there, or of another owner, which the first write shows.
      }
    }
    return sqlite;
  } finally {
    process.umask(mask);
  }
}

/** A database that belongs to somebody else can be read, and nobody could get in. A full disk is no reason not to start. */
function requireOwnership(sqlite: Database.Database): void {
  try {
    touch(sqlite);
  } catch (error) {
    if (/^SQLITE_(?:READONLY|CANTOPEN|PERM)/.test((error as { code?: string }).code ?? '')) throw error;
  }
}

/** Writes a value in the file's header that nothing else uses. */
function touch(sqlite: Database.Database): void {
  const before = Number(sqlite.pragma('user_version', { simple: true }));
  sqlite.pragma(`user_version = ${before === 1 ? 2 : 1}`);
}

function unusable(file: string, error: unknown): unknown {
  const newer = /previously executed migration (\S+) is missing/.exec((error as Error).message)?.[1];
  if (newer !== undefined) {
    return new CanopyError(
      'STORE_UNUSABLE',
      `${file} was brought up to date by a newer Canopy (${newer}): run that version, or restore an older backup`,
      { cause: error },
    );
  }
  const coded = storeError(error);
  if (!(coded instanceof CanopyError) || coded.code === 'STORE_BUSY') return coded;
  const { cause } = coded;
  const detail =
    coded.code === 'STORE_UNWRITABLE'
      ? describeFileError(file, cause)
      : `${file}: ${(cause as Error).message}`;
  return new CanopyError('STORE_UNUSABLE', detail, { cause });
}
