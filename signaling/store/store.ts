import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS, type Tables } from './schema.ts';

/** The control plane's memory: accounts, devices, invitations, grants and what concerns phones. Embedded SQLite in the data folder. */
export class Store {
  readonly db: Kysely<Tables>;
  #closed = false;

  private constructor(db: Kysely<Tables>) {
    this.db = db;
  }

  /** Opens `canopy.sqlite` in the folder and brings its tables up to date. */
  static async open(dir: string): Promise<Store> {
    const sqlite = new Database(join(dir, 'canopy.sqlite'), { timeout: 5000 });
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = NORMAL');
    sqlite.pragma('foreign_keys = ON');
    const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: sqlite }) });
    const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) {
      await db.destroy();
      throw error;
    }
    return new Store(db);
  }

  /** Rejects when the store does not answer. */
  async ping(): Promise<void> {
    await this.db.selectFrom('accounts').select('account_id').limit(1).execute();
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      await this.db.destroy();
    }
  }
}
