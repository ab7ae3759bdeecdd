import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Driver, Kysely, SqliteDialect, sql, type Transaction } from 'kysely';
import { CanopyError, describeFileError } from '../../base/index.ts';
import { migrate, pendingMigration } from './migrate.ts';
import type { Migrations } from './migrations.ts';
import type { Row, Store } from './store.ts';
import { storeError, withCodedErrors } from './store-errors.ts';
import type { Tables } from './tables.ts';

/**
 * How long a statement waits for another program's lock, in milliseconds. SQLite blocks this thread, and with it every conference, so the
 * wait is short, and clients retry after STORE_BUSY.
 */
const BUSY_MS = 50;
/** The same while opening the store, before anyone is connected. */
const OPENING_BUSY_MS = 5000;
/** Pages of a search index that are merged at once. */
const MERGED_PAGES = 200;

/**
 * Opens `canopy.sqlite` in the folder, readable by its owner only, and migrates its tables. Before a migration changes an existing
 * database, it is copied to `canopy.sqlite.before-` and the migration's name.
 */
export async function openSqlite(
  dir: string,
  { migrations, migrateTo }: { migrations: Migrations; migrateTo?: string | null | undefined },
): Promise<Store> {
  const file = join(dir, 'canopy.sqlite');
  if (!existsSync(file) && existsSync(`${file}.moved`)) {
    throw new CanopyError(
      'STORE_UNUSABLE',
      `the database of ${dir} was moved to PostgreSQL: set store.url, or rename canopy.sqlite.moved back to use the old one`,
    );
  }
  let sqlite: Database.Database;
  try {
    sqlite = openForOwner(file);
  } catch (error) {
    throw unusable(file, error);
  }
  const store = new SqliteStore(file, sqlite);
  try {
    const pending = migrateTo === null ? undefined : await pendingMigration(store.db, migrations);
    if (pending !== undefined) {
      copyTo(sqlite, `${file}.before-${pending}`);
    }
    await migrate(store.db, migrations, file, migrateTo);
    requireOwnership(sqlite);
  } catch (error) {
    await store.close();
    throw unusable(file, error);
  }
  sqlite.pragma(`busy_timeout = ${BUSY_MS}`);
  return store;
}

/** The embedded engine. Its statements run on this thread. */
class SqliteStore implements Store {
  readonly engine = 'sqlite';
  readonly db: Kysely<Tables>;
  readonly #sqlite: Database.Database;
  readonly #file: string;
  #closed = false;

  constructor(file: string, sqlite: Database.Database) {
    this.#file = file;
    this.#sqlite = sqlite;
    this.db = new Kysely<Tables>({ dialect: new Dialect(sqlite) });
  }

  /** The keys are ignored: there is one connection, so transactions never run concurrently. */
  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.db.transaction().execute(work);
  }

  snapshot<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.db.transaction().execute(work);
  }

  rows(db: Transaction<Tables>, table: string): AsyncIterable<Row> {
    return db
      .selectFrom(table as keyof Tables)
      .selectAll()
      .stream() as AsyncIterable<Row>;
  }

  async tables(): Promise<string[]> {
    const { rows } = await sql<{ name: string }>`
      select name from sqlite_master join pragma_table_list using (name)
      where schema = 'main' and pragma_table_list.type = 'table'
      and name not like 'sqlite\\_%' escape '\\' and name not like 'kysely\\_%' escape '\\'
      order by sqlite_master.rowid`.execute(this.db);
    return rows.map(({ name }) => name);
  }

  async tryWrite(): Promise<void> {
    try {
      touch(this.#sqlite);
    } catch (error) {
      throw storeError(error);
    }
  }

  async sync(): Promise<void> {
    const log = await open(`${this.#file}-wal`, 'r+');
    try {
      await log.datasync();
    } finally {
      await log.close();
    }
  }

  async scrub(): Promise<void> {
    const { rows } = await sql<{ name: string }>`
      select name from sqlite_master where type = 'table' and sql like '%using fts5%'`.execute(this.db);
    for (const { name } of rows) {
      await this.#merge(name);
    }
    await sql`pragma wal_checkpoint(TRUNCATE)`.execute(this.db);
  }

  /** Merges all parts of a search index into one, without the deleted words. Others work in between. */
  async #merge(index: string): Promise<void> {
    const merge = async (pages: number) => {
      await sql`insert into ${sql.table(index)} (${sql.ref(index)}, rank) values ('merge', ${pages})`.execute(
        this.db,
      );
      return this.#sqlite.prepare<[], number>('select total_changes()').pluck().get() ?? 0;
    };
    // As SQLite's documentation of FTS5 says: the first one marks everything, and one that changes less than two rows was the last.
    let changes = await merge(-MERGED_PAGES);
    for (let before = changes - 2; changes - before >= 2 && !this.#closed; ) {
      before = changes;
      changes = await merge(MERGED_PAGES);
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

/** SQLite itself rolls back on a full disk; a second rollback would hide the original error. */
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
      if (this.#sqlite.inTransaction) {
        await rollback(connection);
      }
    };
    return driver;
  }
}

/** All database files are private to their owner, since they hold trunk passwords. */
function openForOwner(file: string): Database.Database {
  return forOwner(() => {
    const sqlite = new Database(file, { timeout: OPENING_BUSY_MS });
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = NORMAL');
    sqlite.pragma('foreign_keys = ON');
    // What is deleted is overwritten, so that the file does not keep it.
    sqlite.pragma('secure_delete = ON');
    for (const each of [file, `${file}-wal`, `${file}-shm`]) {
      try {
        chmodSync(each, 0o600);
      } catch {
        // Missing, or owned by another user, which the first write reveals.
      }
    }
    return sqlite;
  });
}

/** Copies the database. An incomplete copy never has the final name. */
function copyTo(sqlite: Database.Database, copy: string): void {
  if (existsSync(copy)) {
    return;
  }
  const temporary = `${copy}.new`;
  rmSync(temporary, { force: true });
  forOwner(() => sqlite.prepare('VACUUM INTO ?').run(temporary));
  renameSync(temporary, copy);
}

function forOwner<T>(work: () => T): T {
  const mask = process.umask(0o077);
  try {
    return work();
  } finally {
    process.umask(mask);
  }
}

/** Refuses another user's database, which would be readable only, so that nobody could join. A full disk does not prevent the start. */
function requireOwnership(sqlite: Database.Database): void {
  try {
    touch(sqlite);
  } catch (error) {
    if (/^SQLITE_(?:READONLY|CANTOPEN|PERM)/.test((error as { code?: string }).code ?? '')) {
      throw error;
    }
  }
}

/** Writes to the database: changes a value in the file's header that is otherwise unused. */
function touch(sqlite: Database.Database): void {
  const before = Number(sqlite.pragma('user_version', { simple: true }));
  sqlite.pragma(`user_version = ${before === 1 ? 2 : 1}`);
}

function unusable(file: string, error: unknown): unknown {
  const coded = storeError(error);
  if (!(coded instanceof CanopyError) || coded.code === 'STORE_BUSY') {
    return coded;
  }
  if (coded.detail?.includes(file)) {
    return coded;
  }
  const { cause } = coded;
  const detail =
    coded.code === 'STORE_UNWRITABLE'
      ? describeFileError(file, cause)
      : `${file}: ${(cause as Error).message}`;
  return new CanopyError('STORE_UNUSABLE', detail, { cause });
}
