import type { Kysely } from 'kysely';
import type { Store, Tables } from '../../store/index.ts';
import type { CompositionRow } from './tables.ts';

/** The compositions in the database, which also are the queue. */
export class CompositionRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async add(row: CompositionRow): Promise<void> {
    await this.#store.db.insertInto('compositions').values(row).execute();
  }

  /** @returns whether it still exists */
  async update(
    compositionId: string,
    changes: Partial<Omit<CompositionRow, 'composition_id'>>,
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#store.db
      .updateTable('compositions')
      .set(changes)
      .where('composition_id', '=', compositionId)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** Of a recording, the oldest first. */
  async of(recordingId: string): Promise<CompositionRow[]> {
    return this.#store.db
      .selectFrom('compositions')
      .selectAll()
      .where('recording_id', '=', recordingId)
      .orderBy('requested_at_ms')
      .execute();
  }

  /** What is to be made next: what was begun, then what waits the longest. */
  async next(): Promise<CompositionRow | undefined> {
    return this.#store.db
      .selectFrom('compositions')
      .selectAll()
      .where('status', 'in', ['running', 'queued'])
      .orderBy('status', 'desc')
      .orderBy('requested_at_ms')
      .limit(1)
      .executeTakeFirst();
  }

  async countUnfinished(): Promise<number> {
    const row = await this.#store.db
      .selectFrom('compositions')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('status', 'in', ['running', 'queued'])
      .executeTakeFirst();
    return Number(row?.count ?? 0);
  }

  async delete(compositionId: string): Promise<void> {
    await this.#store.db.deleteFrom('compositions').where('composition_id', '=', compositionId).execute();
  }

  async forgetRoom(db: Kysely<Tables>, roomId: string): Promise<void> {
    await db.deleteFrom('compositions').where('room_id', '=', roomId).execute();
  }
}
