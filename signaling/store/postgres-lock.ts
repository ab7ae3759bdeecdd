import pg from 'pg';
import { CanopyError } from '../../base/index.ts';
import { connectionOf } from './postgres-connection.ts';

/** The advisory lock of the server on a database: the bytes of "canopy" as a number. */
const KEY = '109318450411641';
/** How long to wait before the lock is taken again after its connection was lost, in milliseconds. */
const RETRY_MS = 500;
const ANSWER_MS = 4000;
/** How long PostgreSQL gets to close the connection, in milliseconds. */
const GOODBYE_MS = 1000;

/**
 * The lock that makes a server the only one on a PostgreSQL database. It ends with its connection: when that is lost, all use of the store
 * is refused until the lock is taken again. If another server has it by then, it stays so, since this one may hold outdated state such as
 * revocations.
 */
export class PostgresLock {
  readonly #url: string;
  #client: pg.Client | undefined;
  #state: 'held' | 'lost' | 'taken' = 'lost';
  #released = false;
  #timer: NodeJS.Timeout | undefined;

  /** @throws {CanopyError} DATA_IN_USE */
  static async take(url: string): Promise<PostgresLock> {
    const lock = new PostgresLock(url);
    try {
      await lock.#connect();
      lock.check();
    } catch (error) {
      await lock.release();
      throw error;
    }
    return lock;
  }

  private constructor(url: string) {
    this.#url = url;
  }

  /**
   * @throws {CanopyError} STORE_UNAVAILABLE - the lock's connection was lost
   * @throws {CanopyError} DATA_IN_USE - another server has the database
   */
  check(): void {
    if (this.#state === 'taken') {
      throw new CanopyError('DATA_IN_USE', 'another server holds the database');
    }
    if (this.#state === 'lost') {
      throw new CanopyError('STORE_UNAVAILABLE', 'the lock on the database was lost');
    }
  }

  async release(): Promise<void> {
    this.#released = true;
    clearTimeout(this.#timer);
    await this.#disconnect();
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ ...connectionOf(this.#url), query_timeout: ANSWER_MS });
    this.#client = client;
    client.on('error', () => {});
    client.once('end', () => this.#ended(client));
    await client.connect();
    // PostgreSQL drops the lock of a dead connection soon, but after this end has noticed.
    await client.query(
      'set tcp_keepalives_idle = 20; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4',
    );
    const { rows } = await client.query<{ held: boolean }>(`select pg_try_advisory_lock(${KEY}) as held`);
    this.#state = rows[0]?.held ? 'held' : 'taken';
  }

  #ended(client: pg.Client): void {
    if (client !== this.#client || this.#state !== 'held') {
      return;
    }
    this.#state = 'lost';
    this.#retry(0);
  }

  #retry(delayMs: number): void {
    if (this.#released) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#again(), delayMs);
    this.#timer.unref();
  }

  async #again(): Promise<void> {
    // Another server's lock is not waited for on an open connection, and one that did not answer might still get it.
    await this.#connect().catch(() => {});
    if (this.#state === 'held') {
      return;
    }
    await this.#disconnect();
    this.#retry(RETRY_MS);
  }

  /** A PostgreSQL that hangs does not hold the server back. */
  async #disconnect(): Promise<void> {
    const client = this.#client;
    if (!client) {
      return;
    }
    const timer = setTimeout(() => client.connection.stream.destroy(), GOODBYE_MS);
    await client.end().catch(() => {});
    clearTimeout(timer);
  }
}
