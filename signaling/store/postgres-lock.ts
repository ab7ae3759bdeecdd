import pg from 'pg';
import { CanopyError } from '../../base/index.ts';
import { connectionOf } from './postgres-connection.ts';

/** The advisory lock of the server on a database: the bytes of "canopy" as a number. */
const KEY = '109318450411641';
/** How long to wait before the lock is taken again after its connection was lost, in milliseconds. */
const RETRY_MILLISECONDS = 500;
const ANSWER_MILLISECONDS = 4000;

/**
 * The lock that makes a server the only one on a PostgreSQL database. It ends with its connection: when that is lost, the lock is taken
 * again; if another server has it by then, this one refuses all use of the store, since it may hold outdated state such as revocations.
 */
export class PostgresLock {
  readonly #url: string;
  readonly #where: string;
  #client: pg.Client | undefined;
  #taken = false;
  #released = false;
  #timer: NodeJS.Timeout | undefined;

  /** @throws {CanopyError} DATA_IN_USE */
  static async take(url: string, where: string): Promise<PostgresLock> {
    const lock = new PostgresLock(url, where);
    if (!(await lock.#connect())) {
      await lock.release();
      throw lock.#inUse();
    }
    return lock;
  }

  private constructor(url: string, where: string) {
    this.#url = url;
    this.#where = where;
  }

  /** @throws {CanopyError} DATA_IN_USE - another server took the database while PostgreSQL was away */
  check(): void {
    if (this.#taken) throw this.#inUse();
  }

  async release(): Promise<void> {
    this.#released = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => {});
  }

  /** Whether it has the lock now. */
  async #connect(): Promise<boolean> {
    const client = new pg.Client({ ...connectionOf(this.#url), query_timeout: ANSWER_MILLISECONDS });
    this.#client = client;
    client.on('error', () => {});
    await client.connect();
    client.once('end', () => this.#retry());
    // PostgreSQL drops the lock of a dead connection soon, but after this end has noticed.
    await client.query(
      'set tcp_keepalives_idle = 20; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4',
    );
    const { rows } = await client.query<{ held: boolean }>(`select pg_try_advisory_lock(${KEY}) as held`);
    return rows[0]?.held === true;
  }

  #retry(): void {
    if (this.#released) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#again(), RETRY_MILLISECONDS);
    this.#timer.unref();
  }

  async #again(): Promise<void> {
    try {
      const held = await this.#connect();
      this.#taken = !held;
      // Asked again once its connection has ended.
      if (!held) await this.#client?.end();
    } catch {
      this.#retry();
    }
  }

  #inUse(): CanopyError {
    return new CanopyError('DATA_IN_USE', `another server holds ${this.#where}`);
  }
}
