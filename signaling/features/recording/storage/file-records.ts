import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import { composedFileName } from '../../../../contract/index.ts';
import type { RecordingStorageState } from '../../../kernel/index.ts';
import type { Store, Tables } from '../../../store/index.ts';
import { MANIFEST } from '../recording-folder.ts';
import type { RecordingFileRow } from './tables.ts';

/** Which files: all of a room, all of a recording, or one. */
export type FileChoice =
  | { room_id: string }
  | { recording_id: string }
  | Pick<RecordingFileRow, 'recording_id' | 'name'>;

/** The files of recordings that the bucket is concerned with, which also are the queue. */
export class FileRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Those that are known already stay as they are. */
  async add(rows: readonly RecordingFileRow[]): Promise<void> {
    if (rows.length > 0) {
      await this.#store.db
        .insertInto('recording_files')
        .values([...rows])
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  }

  async find(recordingId: string, name: string): Promise<RecordingFileRow | undefined> {
    return this.#of(recordingId).where('name', '=', name).executeTakeFirst();
  }

  /** The files of a recording that are in the bucket. */
  async stored(recordingId: string): Promise<RecordingFileRow[]> {
    return this.#of(recordingId).where('state', '=', 'stored').execute();
  }

  /** Recordings whose files are complete, and none of which is known here. */
  async newRecordings(): Promise<Array<{ recording_id: string; room_id: string }>> {
    return this.#store.db
      .selectFrom('recordings')
      .leftJoin('recording_files', (join) =>
        join
          .onRef('recording_files.recording_id', '=', 'recordings.recording_id')
          .on('recording_files.name', '=', MANIFEST),
      )
      .select(['recordings.recording_id', 'recordings.room_id'])
      .where('recordings.status', '=', 'ended')
      .where('recording_files.name', 'is', null)
      .execute();
  }

  /** Finished compositions that are not known here. */
  async newCompositions(): Promise<Array<{ recording_id: string; room_id: string; name: string }>> {
    const name = sql<string>`'composition-' || compositions.composition_id || '.' || compositions.format`;
    const rows = await this.#store.db
      .selectFrom('compositions')
      .leftJoin('recording_files', (join) =>
        join
          .onRef('recording_files.recording_id', '=', 'compositions.recording_id')
          .on('recording_files.name', '=', name),
      )
      .select([
        'compositions.recording_id',
        'compositions.room_id',
        'compositions.composition_id',
        'compositions.format',
      ])
      .where('compositions.status', '=', 'done')
      .where('recording_files.name', 'is', null)
      .execute();
    return rows.map(({ recording_id, room_id, composition_id: compositionId, format }) => ({
      ...{ recording_id, room_id },
      name: composedFileName({ compositionId, format }),
    }));
  }

  /** Whether the recording, or the composition, that a file belongs to exists. */
  async isWanted({ recording_id: recordingId, name }: RecordingFileRow): Promise<boolean> {
    const [, compositionId] = /^composition-(.+)\.\w+$/.exec(name) ?? [];
    const { db } = this.#store;
    const row = await (compositionId === undefined
      ? db.selectFrom('recordings').select('room_id').where('recording_id', '=', recordingId)
      : db.selectFrom('compositions').select('room_id').where('composition_id', '=', compositionId)
    ).executeTakeFirst();
    return row !== undefined;
  }

  /** What is to be done next: deletions, then copies to remove, then uploads. */
  async next(nowMs: number): Promise<RecordingFileRow | undefined> {
    return this.#store.db
      .selectFrom('recording_files')
      .selectAll()
      .where(isPending)
      .where('next_attempt_ms', '<=', nowMs)
      .orderBy('state')
      .orderBy('next_attempt_ms')
      .limit(1)
      .executeTakeFirst();
  }

  /** When something is to be done next, in Unix time in milliseconds; undefined: nothing is. */
  async nextMs(): Promise<number | undefined> {
    const row = await this.#store.db
      .selectFrom('recording_files')
      .select('next_attempt_ms')
      .where(isPending)
      .orderBy('next_attempt_ms')
      .limit(1)
      .executeTakeFirst();
    return row && Number(row.next_attempt_ms);
  }

  /** What is on its way to the bucket or out of it. */
  async pending(): Promise<Omit<RecordingStorageState, 'problem'>> {
    const rows = await this.#store.db
      .selectFrom('recording_files')
      .select(({ fn }) => [
        'state',
        fn.countAll().as('files'),
        fn.sum<number>('bytes').as('bytes'),
        fn.min('added_at_ms').as('since'),
      ])
      .where('state', '!=', 'stored')
      .groupBy('state')
      .execute();
    const [waiting, deleting] = (['waiting', 'deleting'] as const).map((state) =>
      rows.find((row) => row.state === state),
    );
    return {
      waiting: Number(waiting?.files ?? 0),
      waitingBytes: Number(waiting?.bytes ?? 0),
      waitingSinceMs: waiting ? Number(waiting.since) : null,
      deleting: Number(deleting?.files ?? 0),
    };
  }

  /** Changes a file unless its state is another one now. @returns whether it was changed */
  async update(
    { recording_id: recordingId, name, state }: RecordingFileRow,
    changes: Partial<Omit<RecordingFileRow, 'recording_id' | 'name'>>,
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#store.db
      .updateTable('recording_files')
      .set(changes)
      .where('recording_id', '=', recordingId)
      .where('name', '=', name)
      .where('state', '=', state)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** There are going to be copies of files that are in the bucket. */
  async addCopies(recordingId: string, names: readonly string[]): Promise<void> {
    if (names.length > 0) {
      await this.#store.db
        .updateTable('recording_files')
        .set({ has_copy: 1, next_attempt_ms: 0 })
        .where('recording_id', '=', recordingId)
        .where('name', 'in', names)
        .where('state', '=', 'stored')
        .execute();
    }
  }

  /** Copies that were needed may not be any more. */
  async hurryCopies(nowMs: number): Promise<void> {
    await this.#store.db
      .updateTable('recording_files')
      .set({ next_attempt_ms: nowMs })
      .where('state', '=', 'stored')
      .where('has_copy', '=', 1)
      .execute();
  }

  /** Files that are in the bucket, or may be, are to be deleted there; others are forgotten. */
  async delete(choice: FileChoice, db: Kysely<Tables> = this.#store.db): Promise<void> {
    await db
      .deleteFrom('recording_files')
      .where(({ and }) => and(choice))
      .where('state', '=', 'waiting')
      .where('attempts', '=', 0)
      .execute();
    await db
      .updateTable('recording_files')
      .set({ state: 'deleting', next_attempt_ms: 0 })
      .where(({ and }) => and(choice))
      .execute();
  }

  /** It is deleted in the bucket. */
  async forget({ recording_id: recordingId, name }: RecordingFileRow): Promise<void> {
    await this.#store.db
      .deleteFrom('recording_files')
      .where('recording_id', '=', recordingId)
      .where('name', '=', name)
      .execute();
  }

  #of(recordingId: string) {
    return this.#store.db.selectFrom('recording_files').selectAll().where('recording_id', '=', recordingId);
  }
}

function isPending({ eb, or, and }: ExpressionBuilder<Tables, 'recording_files'>) {
  return or([eb('state', '!=', 'stored'), and([eb('state', '=', 'stored'), eb('has_copy', '=', 1)])]);
}
