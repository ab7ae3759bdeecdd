import type { Kysely, Transaction } from 'kysely';
import { CanopyError } from '../../../../base/index.ts';
import type { Store, Tables } from '../../../store/index.ts';
import type { ChatFile, FileDescription } from './contract.ts';
import type { ChatFileRow } from './tables.ts';

type Db = Kysely<Tables> | Transaction<Tables>;

/** Maximum number of files that an account has uploaded and not sent yet. */
const MAX_UNSENT = 20;
/** The least that a file counts for, in bytes: rows and directory entries need space too. */
const MIN_BYTES = 4096;
/** Rows that one statement looks up. */
const LOOKED_UP_AT_ONCE = 500;

/** The table of files. */
export class FileRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  find(fileId: string, db: Db = this.#store.db): Promise<ChatFileRow | undefined> {
    return db.selectFrom('chat_files').selectAll().where('file_id', '=', fileId).executeTakeFirst();
  }

  /**
   * Adds a file, unless the same account has already started it: then its row is returned.
   *
   * @param limits in bytes
   * @throws {CanopyError} FILE_UNKNOWN - the id is that of another file
   * @throws {CanopyError} FILES_FULL, LIMIT_REACHED
   */
  start(
    row: ChatFileRow,
    limits: { perRoom: number; all: number },
  ): Promise<{ row: ChatFileRow; isNew: boolean }> {
    return this.#store.transaction(async (db) => {
      const known = await this.find(row.file_id, db);
      if (known) {
        const isSame =
          known.account_id === row.account_id && known.room_id === row.room_id && known.size === row.size;
        if (!isSame || known.seq !== null) {
          throw new CanopyError('FILE_UNKNOWN', 'another file has this id');
        }
        return { row: known, isNew: false };
      }
      await this.#requireSpace(db, row, limits);
      await db.insertInto('chat_files').values(row).execute();
      return { row, isNew: true };
    }, 'chat files');
  }

  /** Records that all bytes are on disk. Returns false if the file was deleted meanwhile. */
  async completed(fileId: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#store.db
      .updateTable('chat_files')
      .set({ complete: 1 })
      .where('file_id', '=', fileId)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /**
   * Attaches uploaded files to a message.
   *
   * @throws {CanopyError} FILE_UNKNOWN - not this account's, not of this room, or sent already
   * @throws {CanopyError} FILE_INCOMPLETE
   */
  async attach(
    db: Db,
    message: { roomId: string; accountId: string; seq: number },
    descriptions: readonly FileDescription[],
  ): Promise<ChatFile[]> {
    const files: ChatFile[] = [];
    for (const description of descriptions) {
      const { fileId } = description;
      const row = await this.find(fileId, db);
      const isOwn = row?.account_id === message.accountId && row.room_id === message.roomId;
      if (!row || !isOwn || row.seq !== null) {
        throw new CanopyError('FILE_UNKNOWN', description.name);
      }
      if (row.complete === 0) {
        throw new CanopyError('FILE_INCOMPLETE', description.name);
      }
      await db.updateTable('chat_files').set({ seq: message.seq }).where('file_id', '=', fileId).execute();
      files.push({ ...description, size: row.size, ...(row.thumbnail !== null && { hasThumbnail: true }) });
    }
    return files;
  }

  /** Deletes the rows of a room's files: those of some messages, or some of those, or all. Returns their ids. */
  async deleteOf(
    db: Pick<Db, 'deleteFrom'>,
    roomId: string,
    seqs?: readonly number[],
    fileIds?: readonly string[],
  ): Promise<string[]> {
    let query = db.deleteFrom('chat_files').where('room_id', '=', roomId);
    if (seqs) {
      query = query.where('seq', 'in', [...seqs]);
    }
    if (fileIds) {
      query = query.where('file_id', 'in', [...fileIds]);
    }
    const rows = await query.returning('file_id').execute();
    return rows.map(({ file_id }) => file_id);
  }

  /** Deletes the row of a file that has not been sent. Returns whether there was one. */
  async deleteUnsent(fileId: string, accountId: string): Promise<boolean> {
    const { numDeletedRows } = await this.#store.db
      .deleteFrom('chat_files')
      .where('file_id', '=', fileId)
      .where('account_id', '=', accountId)
      .where('seq', 'is', null)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  /** Deletes the rows of an account's files that have not been sent, or of all accounts' that were started before this time. Returns their ids. */
  async deleteAllUnsent(which: { accountId: string } | { beforeMs: number }): Promise<string[]> {
    const query = this.#store.db.deleteFrom('chat_files').where('seq', 'is', null);
    const rows = await ('accountId' in which
      ? query.where('account_id', '=', which.accountId)
      : query.where('created_at_ms', '<', which.beforeMs)
    )
      .returning('file_id')
      .execute();
    return rows.map(({ file_id }) => file_id);
  }

  /** Which of these files have no row. */
  async missing(fileIds: readonly string[]): Promise<string[]> {
    const missing = new Set(fileIds);
    for (let at = 0; at < fileIds.length; at += LOOKED_UP_AT_ONCE) {
      const rows = await this.#store.db
        .selectFrom('chat_files')
        .select('file_id')
        .where('file_id', 'in', fileIds.slice(at, at + LOOKED_UP_AT_ONCE))
        .execute();
      for (const { file_id } of rows) {
        missing.delete(file_id);
      }
    }
    return [...missing];
  }

  /** Files of a room that were uploaded before this time, by the `seq` of their message. At most 500. */
  async before(roomId: string, timeMs: number): Promise<Map<number, string[]>> {
    const rows = await this.#store.db
      .selectFrom('chat_files')
      .select(['file_id', 'seq'])
      .where('room_id', '=', roomId)
      .where('created_at_ms', '<', timeMs)
      .where('seq', 'is not', null)
      .limit(LOOKED_UP_AT_ONCE)
      .execute();
    const byMessage = Map.groupBy(rows, ({ seq }) => seq ?? 0);
    return new Map([...byMessage].map(([seq, files]) => [seq, files.map(({ file_id }) => file_id)]));
  }

  /** Rooms with a file that was uploaded before this time. */
  async roomsBefore(timeMs: number): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('chat_files')
      .select('room_id')
      .distinct()
      .where('created_at_ms', '<', timeMs)
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** Number of files whose key was encrypted with another key than this one. */
  async withOtherKey(keyId: string): Promise<number> {
    const { count } = await this.#store.db
      .selectFrom('chat_files')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('key_id', '!=', keyId)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** @throws {CanopyError} FILES_FULL, LIMIT_REACHED */
  async #requireSpace(
    db: Db,
    { room_id, account_id, size }: ChatFileRow,
    { perRoom, all }: { perRoom: number; all: number },
  ): Promise<void> {
    const { unsent } = await db
      .selectFrom('chat_files')
      .select(({ fn }) => fn.countAll().as('unsent'))
      .where('account_id', '=', account_id)
      .where('seq', 'is', null)
      .executeTakeFirstOrThrow();
    if (Number(unsent) >= MAX_UNSENT) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_UNSENT} files that have not been sent`);
    }
    const sums = db
      .selectFrom('chat_files')
      .select(({ fn }) => [fn.sum<number | null>('size').as('bytes'), fn.countAll().as('count')]);
    const usage = ({ bytes, count }: { bytes: number | null; count: unknown }) =>
      Number(bytes ?? 0) + Number(count) * MIN_BYTES + size + MIN_BYTES;
    if (usage(await sums.where('room_id', '=', room_id).executeTakeFirstOrThrow()) > perRoom) {
      throw new CanopyError('FILES_FULL', `at most ${perRoom} bytes per room`);
    }
    if (usage(await sums.executeTakeFirstOrThrow()) > all) {
      throw new CanopyError('FILES_FULL', `at most ${all} bytes on this server`);
    }
  }
}
