import { type Kysely, sql } from 'kysely';
import type { Store, Tables } from '../../store/index.ts';
import type { RecordingInfo } from './contract.ts';
import type { RecordingRow } from './tables.ts';

/** The recordings in the database. */
export class RecordingRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async add(row: RecordingRow): Promise<void> {
    await this.#store.db.insertInto('recordings').values(row).execute();
  }

  async update(recordingId: string, changes: Partial<Omit<RecordingRow, 'recording_id'>>): Promise<void> {
    await this.#store.db
      .updateTable('recordings')
      .set(changes)
      .where('recording_id', '=', recordingId)
      .execute();
  }

  async find(recordingId: string): Promise<RecordingRow | undefined> {
    return this.#store.db
      .selectFrom('recordings')
      .selectAll()
      .where('recording_id', '=', recordingId)
      .executeTakeFirst();
  }

  /** Rooms with recordings that ended before this time. */
  async roomsBefore(timeMs: number): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('recordings')
      .select('room_id')
      .distinct()
      .where('ended_at_ms', '<', timeMs)
      .execute();
    return rows.map(({ room_id: roomId }) => roomId);
  }

  /** A room's recordings that ended before this time. */
  async before(roomId: string, timeMs: number): Promise<RecordingRow[]> {
    return this.#store.db
      .selectFrom('recordings')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('ended_at_ms', '<', timeMs)
      .execute();
  }

  async delete(recordingId: string): Promise<void> {
    await this.#store.db.deleteFrom('recordings').where('recording_id', '=', recordingId).execute();
  }

  /** Recording has been switched off: what ran before has ended. A server that can record completes its files. */
  async closeUnfinished(nowMs: number): Promise<void> {
    await this.#store.db
      .updateTable('recordings')
      .set({ status: 'ending', ended_at_ms: nowMs, reason: 'closed' })
      .where('status', 'in', ['recording', 'paused'])
      .execute();
  }

  /** Recordings that were running, or whose files were incomplete, when the server last stopped. */
  async unfinished(): Promise<RecordingRow[]> {
    return this.#store.db.selectFrom('recordings').selectAll().where('status', '!=', 'ended').execute();
  }

  /** Those of these rooms that have recordings, at most `limit`; first the one with the newest. */
  async recordedRooms(roomIds: readonly string[], limit: number): Promise<string[]> {
    if (roomIds.length === 0) {
      return [];
    }
    const rows = await this.#store.db
      .selectFrom('recordings')
      .select(['room_id', ({ fn }) => fn.max('started_at_ms').as('latest')])
      .where('room_id', 'in', roomIds)
      .groupBy('room_id')
      .orderBy('latest', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ room_id: roomId }) => roomId);
  }

  /** The recordings of these rooms, or of all, newest first. */
  async of(
    roomIds: readonly string[] | undefined,
    { before, limit }: { before?: number | undefined; limit: number },
  ): Promise<RecordingRow[]> {
    let query = this.#store.db.selectFrom('recordings').selectAll();
    if (roomIds !== undefined) {
      query = query.where('room_id', 'in', roomIds);
    }
    if (before !== undefined) {
      query = query.where('started_at_ms', '<', before);
    }
    return query.orderBy('started_at_ms', 'desc').limit(limit).execute();
  }

  /** Size of all recordings of a room, or of the server, with what was made of them, in bytes. */
  async bytes(roomId?: string): Promise<number> {
    const sizes = await Promise.all(
      (['recordings', 'compositions'] as const).map(async (table) => {
        let query = this.#store.db
          .selectFrom(table)
          .select(({ fn }) => fn.coalesce(fn.sum<number>('bytes'), sql<number>`0`).as('bytes'));
        if (roomId !== undefined) {
          query = query.where('room_id', '=', roomId);
        }
        return Number((await query.executeTakeFirst())?.bytes ?? 0);
      }),
    );
    return sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Deletes a room's rows. @returns the ids of its recordings */
  async forgetRoom(db: Kysely<Tables>, roomId: string): Promise<string[]> {
    const rows = await db
      .deleteFrom('recordings')
      .where('room_id', '=', roomId)
      .returning('recording_id')
      .execute();
    return rows.map(({ recording_id: id }) => id);
  }

  async replaceAccount(from: string, to: string): Promise<void> {
    await this.#store.db
      .updateTable('recordings')
      .set({ account_id: to })
      .where('account_id', '=', from)
      .execute();
  }

  /** The room keeps its recordings, but not who started them. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.#store.db
      .updateTable('recordings')
      .set({ account_id: null, display_name: null })
      .where('account_id', '=', accountId)
      .execute();
  }
}

export function infoOf(row: RecordingRow): RecordingInfo {
  return {
    recordingId: row.recording_id,
    status: row.status,
    mode: row.mode,
    startedAtMs: Number(row.started_at_ms),
    endedAtMs: row.ended_at_ms === null ? null : Number(row.ended_at_ms),
    durationMs: Number(row.duration_ms),
    bytes: Number(row.bytes),
    startedBy: row.display_name,
    reason: row.reason,
  };
}
