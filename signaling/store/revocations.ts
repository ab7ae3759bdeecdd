import type { RevocationRow } from './schema.ts';
import type { Store } from './store.ts';

/** What the deployment revoked. */
export class Revocations {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async all(): Promise<RevocationRow[]> {
    return this.#store.db.selectFrom('revocations').selectAll().execute();
  }

  /** Resolves when they are on the disk. One that is there stays as it is. */
  async add(...rows: RevocationRow[]): Promise<void> {
    await this.#store.db.transaction().execute(async (transaction) => {
      for (const row of rows) {
        await transaction
          .insertInto('revocations')
          .values(row)
          .onConflict((conflict) => conflict.column('id').doNothing())
          .execute();
      }
    });
    await this.#store.sync();
  }
}
