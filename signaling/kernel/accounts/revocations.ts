import type { Store } from '../../store/index.ts';
import type { RevocationRow } from './tables.ts';

/** The deployment's own revocations. */
export class Revocations {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async all(): Promise<RevocationRow[]> {
    return this.#store.db.selectFrom('revocations').selectAll().execute();
  }

  /** Resolves once the revocations are on disk. Existing ones stay unchanged. */
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

  /** Resolves once the revocation is gone from the disk. */
  async remove(id: string): Promise<void> {
    await this.#store.db.deleteFrom('revocations').where('id', '=', id).execute();
    await this.#store.sync();
  }
}
