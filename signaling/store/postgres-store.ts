import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import { CanopyError } from '../../base/index.ts';
import { lastMigration, migrate } from './migrate.ts';
import type { Migrations } from './migrations.ts';
import { connectionOf, withoutPassword } from './postgres-connection.ts';
import { PostgresLock } from './postgres-lock.ts';
import type { Row, Store } from './store.ts';
import { poolWithCodedErrors, storeError } from './store-errors.ts';
import type { Tables } from './tables.ts';

/** Maximum number of connections. */
const CONNECTIONS = 10;
/** How long a statement waits for a lock, in milliseconds. */
const LOCK_MS = 2000;
/** How long PostgreSQL may work on a statement, in milliseconds. */
const STATEMENT_MS = 3000;
/** How long to wait for an answer if PostgreSQL hangs, in milliseconds. */
const ANSWER_MS = 4000;

// Settings are statements, since poolers such as PgBouncer refuse them in the startup message.
/** Regardless of the database's default, an acknowledged write must survive a crash. */
const DURABLE = 'set synchronous_commit = on';
const LIMITS = [
  `set statement_timeout = ${STATEMENT_MS}`,
  `set lock_timeout = ${LOCK_MS}`,
  `set idle_in_transaction_session_timeout = ${2 * ANSWER_MS}`,
].join('; ');

/** Rows per fetch when a whole table is read. */
const FETCHED_ROWS = 1000;

/** A table exists already, or not where it is looked for. */
const FOREIGN: ReadonlySet<string> = new Set(['42P07', '42P01']);

interface Options {
  migrations: Migrations;
  migrateTo?: string | null | undefined;
  exclusive?: boolean;
  unhurried?: boolean;
}

/** Opens a PostgreSQL database by its URL, with the parameters of `pg` such as `sslmode`, and migrates its tables. */
export async function openPostgres(
  url: string,
  { migrations, migrateTo, exclusive = false, unhurried = false }: Options,
): Promise<Store> {
  const where = withoutPassword(url);
  let lock: PostgresLock | undefined;
  try {
    // A separate connection, since a migration may exceed the time limits of statements.
    const migrating = databaseOf(url, { max: 1 }, undefined);
    try {
      if (exclusive) {
        lock = await PostgresLock.take(url);
      }
      await migrate(migrating, migrations, where, migrateTo);
    } finally {
      await migrating.destroy();
    }
  } catch (error) {
    await lock?.release();
    throw located(where, error);
  }
  const limits: pg.PoolConfig = {
    max: CONNECTIONS,
    query_timeout: ANSWER_MS,
    onConnect: async (client) => {
      await client.query(`${DURABLE}; ${LIMITS}`);
    },
  };
  return new PostgresStore(databaseOf(url, unhurried ? { max: 2 } : limits, lock), lock);
}

export interface PostgresFinding {
  /** The URL without user and password. */
  where: string;
  /** Whether it has no tables of Canopy yet. */
  isEmpty: boolean;
}

/**
 * Connects to a database and reads which version made its tables.
 *
 * @throws {CanopyError} STORE_UNUSABLE, STORE_UNAVAILABLE
 */
export async function probePostgres(url: string, migrations: Migrations): Promise<PostgresFinding> {
  const where = withoutPassword(url);
  const db = databaseOf(url, { max: 1 }, undefined);
  try {
    const isEmpty = (await lastMigration(db)) === undefined;
    if (!isEmpty) {
      await migrate(db, migrations, where, null);
    }
    return { where, isEmpty };
  } catch (error) {
    throw located(where, error);
  } finally {
    await db.destroy();
  }
}

class PostgresStore implements Store {
  readonly engine = 'postgres';
  readonly db: Kysely<Tables>;
  readonly #lock: PostgresLock | undefined;
  #closed: Promise<void> | undefined;

  constructor(db: Kysely<Tables>, lock: PostgresLock | undefined) {
    this.db = db;
    this.#lock = lock;
  }

  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>, ...keys: string[]): Promise<T> {
    return this.db.transaction().execute(async (db) => {
      // Always in the same order, to avoid deadlocks.
      for (const key of keys.toSorted()) {
        await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(db);
      }
      return work(db);
    });
  }

  snapshot<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(work);
  }

  async *rows(db: Transaction<Tables>, table: string): AsyncIterable<Row> {
    await sql`declare all_rows no scroll cursor for select * from ${sql.table(table)}`.execute(db);
    for (;;) {
      const { rows } = await sql<Row>`fetch ${sql.lit(FETCHED_ROWS)} from all_rows`.execute(db);
      yield* rows;
      if (rows.length < FETCHED_ROWS) {
        break;
      }
    }
    await sql`close all_rows`.execute(db);
  }

  async tables(): Promise<string[]> {
    const { rows } = await sql<{ name: string }>`
      select relname as name from pg_class
      where relkind = 'r' and relnamespace = current_schema()::regnamespace
      and relname not like 'kysely\\_%' order by oid`.execute(this.db);
    return rows.map(({ name }) => name);
  }

  async tryWrite(): Promise<void> {
    const written_at_ms = Date.now();
    await this.db
      .insertInto('probes')
      .values({ id: 1, written_at_ms })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ written_at_ms }))
      .execute();
  }

  async sync(): Promise<void> {}

  async scrub(): Promise<void> {
    // PostgreSQL vacuums by itself.
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.db.destroy();
    await this.#lock?.release();
  }
}

/** Leaves no connection open that PostgreSQL waits on, e.g. for a password, when connecting has failed. */
class Client extends pg.Client {
  override connect(): Promise<this>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<this> | undefined {
    if (callback === undefined) {
      return super.connect() as Promise<this>;
    }
    super.connect((error: Error) => {
      if (error) {
        this.connection.stream.destroy();
      }
      callback(error);
    });
    return undefined;
  }
}

function databaseOf(url: string, limits: pg.PoolConfig, lock: PostgresLock | undefined): Kysely<Tables> {
  // A PostgreSQL that hangs leaves closed connections open; they must not keep the process alive.
  const pool = new pg.Pool({
    ...connectionOf(url),
    onConnect: async (client) => {
      await client.query(DURABLE);
    },
    ...limits,
    allowExitOnIdle: true,
    Client,
  });
  // An idle connection that ends is replaced when one is needed.
  pool.on('error', () => {});
  // If a connection in use ends, its statement fails; without this listener, the process would end too.
  pool.on('connect', (client) => client.on('error', () => {}));
  const check = () => lock?.check();
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: poolWithCodedErrors(pool, check) }) });
}

function located(where: string, error: unknown): unknown {
  const coded = storeError(error);
  if (coded instanceof pg.DatabaseError) {
    const { code, message } = coded;
    const advice = FOREIGN.has(code ?? '') ? '; something else uses it: choose an empty database' : '';
    return new CanopyError('STORE_UNUSABLE', `${where}: ${code}: ${message}${advice}`, { cause: coded });
  }
  if (!(coded instanceof CanopyError) || coded.detail?.includes(where)) {
    return coded;
  }
  return new CanopyError(coded.code, `${where}: ${coded.detail ?? ''}`, { cause: coded.cause });
}
