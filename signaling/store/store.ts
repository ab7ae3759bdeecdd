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
 * How long a statement waits for another program's lock, in milliseconds. SQLite waits on this thread, which stalls every conference, so
 * the wait is short, and STORE_BUSY asks for a retry.
 */
const BUSY_MILLISECONDS = 50;
/** The same while opening the store, when nobody is waiting. */
const OPENING_BUSY_MILLISECONDS = 5000;

/** Persistence of the control plane: accounts, devices, invitations, revocations, grants and telephony. Embedded SQLite. */
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
   * Opens `canopy.sqlite` in the folder, readable by its owner only, and migrates its tables.
   *
   * @throws {CanopyError} STORE_UNUSABLE - damaged, written by a newer version, or owned by another user
   * @throws {CanopyError} STORE_BUSY - another program has held the lock for over 5 s
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
   * Test-writes to the database.
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
   * Resolves once all earlier writes are on disk, so that a power cut cannot undo them: for one-time events such as using an invitation.
   * Commits alone are not synced (`synchronous = NORMAL`), since that would block everybody.
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
      // Kysely closes only a database it has used.
      this.#sqlite.close();
    }
  }
}

/** SQLite rolls back by itself on a full disk; a second rollback would hide the original error. */
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

/** All database files are private to their owner, since they hold trunk passwords. */
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
        // Missing, or owned by another user, which the first write reveals.
      }
    }
    return sqlite;
  } finally {
    process.umask(mask);
  }
}

/** With another user's database, reading works but nobody could join. A full disk does not prevent the start. */
function requireOwnership(sqlite: Database.Database): void {
  try {
    touch(sqlite);
  } catch (error) {
    if (/^SQLITE_(?:READONLY|CANTOPEN|PERM)/.test((error as { code?: string }).code ?? '')) throw error;
  }
}

/** Writes an otherwise unused value in the file's header. */
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
