import type { Kysely } from 'kysely';
import { CanopyError } from '../../../base/index.ts';
import { isSound } from '../../../contract/index.ts';
import type { Store, Tables } from '../../store/index.ts';
import type { CompositionRow } from './tables.ts';

/** The compositions in the database, which also are the queue. */
export class CompositionRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** What is or was to be made of the same recording, and would be the same. */
  async same(
    { recording_id: recordingId, format, layout }: Pick<CompositionRow, 'recording_id' | 'format' | 'layout'>,
    db: Kysely<Tables> = this.#store.db,
  ): Promise<CompositionRow | undefined> {
    return db
      .selectFrom('compositions')
      .selectAll()
      .where('recording_id', '=', recordingId)
      .where('format', '=', format)
      .$if(!isSound(format), (query) => query.where('layout', '=', layout))
      .executeTakeFirst();
  }

  /**
   * Adds what is to be made, unless it is there already: then nothing changes, or if it failed, that one is tried again.
   *
   * @param limits numbers of unfinished ones: automatic ones if it is one, otherwise those that somebody asked for
   * @returns what there is now, and whether it was added
   * @throws {CanopyError} LIMIT_REACHED
   */
  async add(
    row: CompositionRow,
    limits: { room: number; server: number },
  ): Promise<{ row: CompositionRow; isNew: boolean }> {
    return this.#store.transaction(async (db) => {
      const same = await this.same(row, db);
      if (same && same.status !== 'failed') {
        return { row: same, isNew: false };
      }
      const unfinished = await db
        .selectFrom('compositions')
        .select(['room_id', ({ fn }) => fn.countAll<number>().as('count')])
        .where('status', 'in', ['running', 'queued'])
        .where('automatic', '=', row.automatic)
        .groupBy('room_id')
        .execute();
      const ofRoom = unfinished.find((each) => each.room_id === row.room_id);
      const total = unfinished.reduce((sum, { count }) => sum + Number(count), 0);
      if (Number(ofRoom?.count ?? 0) >= limits.room || total >= limits.server) {
        throw new CanopyError('LIMIT_REACHED', 'videos that wait to be made');
      }
      const added = { ...row, composition_id: same?.composition_id ?? row.composition_id };
      if (same) {
        await db
          .updateTable('compositions')
          .set(added)
          .where('composition_id', '=', same.composition_id)
          .execute();
      } else {
        await db.insertInto('compositions').values(added).execute();
      }
      return { row: added, isNew: true };
    }, 'compositions');
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

  /** What is to be made next: what was begun, then what somebody asked for, and of that what waits the longest. */
  async next(): Promise<CompositionRow | undefined> {
    return this.#store.db
      .selectFrom('compositions')
      .selectAll()
      .where('status', 'in', ['running', 'queued'])
      .orderBy('status', 'desc')
      .orderBy('automatic')
      .orderBy('requested_at_ms')
      .limit(1)
      .executeTakeFirst();
  }

  /** Whether something is to be made of a recording. */
  async isWanted(recordingId: string): Promise<boolean> {
    const row = await this.#store.db
      .selectFrom('compositions')
      .select('composition_id')
      .where('recording_id', '=', recordingId)
      .where('status', 'in', ['running', 'queued'])
      .executeTakeFirst();
    return row !== undefined;
  }

  async delete(compositionId: string): Promise<void> {
    await this.#store.db.deleteFrom('compositions').where('composition_id', '=', compositionId).execute();
  }

  async forgetRoom(db: Kysely<Tables>, roomId: string): Promise<void> {
    await db.deleteFrom('compositions').where('room_id', '=', roomId).execute();
  }
}
