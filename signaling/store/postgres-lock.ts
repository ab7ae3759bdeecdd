import pg from 'pg';
import { CanopyError } from '../../base/index.ts';
import { connectionOf } from './postgres-connection.ts';

/** Key of the advisory lock: the bytes of "canopy" as a number. */
const KEY = '109318450411641';
/** Delay between attempts to retake the lock after its connection was lost, in milliseconds. */
const RETRY_MS = 500;
/** How long a query of the lock's connection may take, in milliseconds. */
const ANSWER_MS = 4000;
/** How long closing the connection may take, in milliseconds. */
const CLOSE_MS = 1000;

/**
 * The lock that ensures that only one server uses a PostgreSQL database. It ends with its connection: if that is lost, all use of the store
 * is refused until the lock is retaken. If another server holds it by then, use stays refused, since this server may have outdated state,
 * such as revocations.
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
    // PostgreSQL releases the lock of a dead connection soon, but only after this end has noticed.
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
    this.#timer = setTimeout(() => void this.#reconnect(), delayMs);
    this.#timer.unref();
  }

  async #reconnect(): Promise<void> {
    // Do not wait on an open connection while another server holds the lock, or after a timeout, when this one may still get it.
    await this.#connect().catch(() => {});
    if (this.#state === 'held') {
      return;
    }
    await this.#disconnect();
    this.#retry(RETRY_MS);
  }

  /** Closes the connection, forcibly if PostgreSQL hangs. */
  async #disconnect(): Promise<void> {
    const client = this.#client;
    if (!client) {
      return;
    }
    const timer = setTimeout(() => client.connection.stream.destroy(), CLOSE_MS);
    await client.end().catch(() => {});
    clearTimeout(timer);
  }
}
