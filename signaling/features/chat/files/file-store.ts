import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Kysely, Transaction } from 'kysely';
import { CanopyError, type Config, type Logger } from '../../../../base/index.ts';
import { openBytes, sealBytes } from '../../../kernel/index.ts';
import type { Store, Tables } from '../../../store/index.ts';
import { FileRecords } from './file-records.ts';
import { readSealedFile, receivedBytes, type SealedFileOptions, SealedFileWriter } from './sealed-file.ts';
import { ServerKey } from './server-key.ts';
import type { ChatFileRow } from './tables.ts';

type Db = Kysely<Tables> | Transaction<Tables>;

const KEY_BYTES = 32;
/** How long a file may wait to be sent, in milliseconds. */
const UNSENT_MS = 3_600_000;

export interface FileStoreOptions {
  store: Store;
  data: Config['data'];
  limits: Pick<Config['limits'], 'fileBytesPerRoom' | 'fileStoreBytes' | 'diskFloorBytes'>;
  log?: Logger | undefined;
  /** Unix time in milliseconds. */
  now?: () => number;
}

/**
 * The files of all chats. Each is encrypted with a key of its own, which is encrypted with the server's and kept in the database: without the
 * row, what is on disk is noise.
 */
export class FileStore {
  readonly records: FileRecords;
  readonly #options: FileStoreOptions;
  readonly #dir: string;
  readonly #serverKey: ServerKey;
  readonly #now: () => number;
  /** Uploads in progress, by file. */
  readonly #uploads = new Map<string, { stop: () => void; done: Promise<unknown> }>();
  /** Files whose row was deleted, perhaps in a transaction that has not been committed. */
  readonly #deleted = new Set<string>();
  #beginning: Promise<void> = Promise.resolve();

  /** @throws {CanopyError} CONFIG_INVALID - the key cannot be read, or the folder not be created */
  constructor(options: FileStoreOptions) {
    const { store, data, log, now = Date.now } = options;
    this.#options = options;
    this.records = new FileRecords(store);
    this.#dir = join(data.dir, 'files');
    this.#now = now;
    try {
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new CanopyError('CONFIG_INVALID', `data.dir: ${(cause as Error).message}`, { cause });
    }
    this.#serverKey = ServerKey.from(data.filesKey ?? join(data.dir, 'files.key'), (file) =>
      log?.warn({ file }, 'file was empty; created a new secret'),
    );
  }

  /**
   * Starts or continues a file. Returns the number of bytes that are on disk.
   *
   * @throws {CanopyError} FILES_FULL, LIMIT_REACHED, FILE_UNKNOWN
   */
  async start(file: {
    fileId: string;
    roomId: string;
    accountId: string;
    size: number;
    thumbnail: Buffer | undefined;
  }): Promise<{ received: number; isNew: boolean }> {
    const { fileId, size, thumbnail } = file;
    const { fileBytesPerRoom: perRoom, fileStoreBytes: all } = this.#options.limits;
    await this.#requireDisk(size);
    const key = randomBytes(KEY_BYTES);
    const { row, isNew } = await this.records.start(
      {
        file_id: fileId,
        room_id: file.roomId,
        account_id: file.accountId,
        size,
        seq: null,
        complete: 0,
        key: this.#serverKey.wrap(key, fileId),
        key_id: this.#serverKey.keyId,
        thumbnail: thumbnail ? sealBytes(key, thumbnail, `thumbnail ${fileId}`).toString('base64') : null,
        created_at_ms: this.#now(),
      },
      { perRoom, all },
    );
    return { received: row.complete === 1 ? size : await this.#onDisk(row), isNew };
  }

  /**
   * Receives bytes of a file. A newer upload of the same file takes over from an older one, which may hang on a lost connection. Returns the
   * number of bytes that are on disk: all, or whole pieces.
   *
   * @throws {CanopyError} FILE_UNKNOWN
   * @throws {CanopyError} FILE_OFFSET - the bytes on disk end elsewhere
   * @throws {CanopyError} FILE_TOO_LARGE - more than was announced
   * @throws {Error} the connection was lost, or the disk is full; what arrived is kept
   */
  async receive(
    { fileId, accountId, offset }: { fileId: string; accountId: string; offset: number },
    body: Readable,
  ): Promise<number> {
    // A body that is stopped before anyone reads it would end the process.
    body.on('error', () => undefined);
    const earlier = this.#uploads.get(fileId);
    const upload = {
      stop: () => body.destroy(new CanopyError('FILE_OFFSET', 'continued elsewhere')),
      done: Promise.resolve<unknown>(undefined),
    };
    this.#uploads.set(fileId, upload);
    earlier?.stop();
    const done = (async () => {
      await earlier?.done.catch(() => undefined);
      return this.#receive({ fileId, accountId, offset }, body);
    })();
    upload.done = done;
    try {
      return await done;
    } finally {
      if (this.#uploads.get(fileId) === upload) {
        this.#uploads.delete(fileId);
      }
    }
  }

  /** Bytes `from` to `to` of a file. @throws {CanopyError} FILE_UNREADABLE */
  async *read(row: ChatFileRow, range: { from: number; to: number }): AsyncIterable<Buffer> {
    try {
      yield* readSealedFile(this.#sealed(row), range);
    } catch (cause) {
      this.#options.log?.error({ err: cause, fileId: row.file_id }, 'a file in the chat cannot be read');
      throw cause instanceof CanopyError ? cause : new CanopyError('FILE_UNREADABLE', undefined, { cause });
    }
  }

  /** Whether the file can be read to its end: for exports, which one damaged file must not break. */
  async isReadable(row: ChatFileRow): Promise<boolean> {
    try {
      for await (const _piece of this.read(row, { from: 0, to: row.size })) {
        // Each piece is checked as it is decrypted.
      }
      return true;
    } catch {
      return false;
    }
  }

  /** The thumbnail. @throws {CanopyError} FILE_UNKNOWN - it has none; FILE_UNREADABLE */
  thumbnail({ file_id, key, thumbnail }: ChatFileRow): Buffer {
    if (thumbnail === null) {
      throw new CanopyError('FILE_UNKNOWN', 'no thumbnail');
    }
    try {
      return openBytes(this.#unwrap(key, file_id), Buffer.from(thumbnail, 'base64'), `thumbnail ${file_id}`);
    } catch (cause) {
      throw new CanopyError('FILE_UNREADABLE', undefined, { cause });
    }
  }

  /** Deletes the rows of a room's files: those of some messages, or some of those, or all. Call settle() after the transaction. */
  async deleteOf(
    db: Pick<Db, 'deleteFrom'>,
    roomId: string,
    seqs?: readonly number[],
    fileIds?: readonly string[],
  ): Promise<void> {
    for (const fileId of await this.records.deleteOf(db, roomId, seqs, fileIds)) {
      this.#deleted.add(fileId);
    }
  }

  /** Deletes a file that has not been sent. */
  async cancel(fileId: string, accountId: string): Promise<void> {
    if (await this.records.deleteUnsent(fileId, accountId)) {
      await this.#unlink([fileId]);
    }
  }

  /** Deletes the files of an account that have not been sent. */
  async deleteUnsentOf(accountId: string): Promise<void> {
    await this.#unlink(await this.records.deleteAllUnsent({ accountId }));
  }

  /** Deletes from disk what deleteOf() deleted, unless the transaction was rolled back. */
  async settle(): Promise<void> {
    if (this.#deleted.size > 0) {
      const fileIds = [...this.#deleted];
      this.#deleted.clear();
      await this.#unlink(await this.records.missing(fileIds));
    }
  }

  /** Deletes files that were never sent, and what is on disk without a row: a crash may leave it. */
  async sweep(): Promise<void> {
    await this.#unlink(await this.records.deleteAllUnsent({ beforeMs: this.#now() - UNSENT_MS }));
    await this.#unlink(await this.records.missing(await readdir(this.#dir)));
  }

  /** Cleans up, in the background. */
  begin(): void {
    this.#beginning = this.sweep()
      .then(() => this.#checkKey())
      .catch((error: unknown) =>
        this.#options.log?.warn({ err: error }, 'cannot clean up files; trying again'),
      );
  }

  /** Warns about files that this server cannot decrypt. */
  async #checkKey(): Promise<void> {
    const files = await this.records.withOtherKey(this.#serverKey.keyId);
    if (files > 0) {
      this.#options.log?.error(
        { files },
        'files in chats were encrypted with another secret; put the right files.key in place and restart',
      );
    }
  }

  /** Stops uploads. Resolves once nothing is written any more. */
  async close(): Promise<void> {
    await this.#beginning;
    const uploads = [...this.#uploads.values()];
    for (const { stop } of uploads) {
      stop();
    }
    await Promise.allSettled(uploads.map(({ done }) => done));
  }

  async #receive(
    { fileId, accountId, offset }: { fileId: string; accountId: string; offset: number },
    body: Readable,
  ): Promise<number> {
    const row = await this.records.find(fileId);
    if (!row || row.account_id !== accountId || row.seq !== null) {
      throw new CanopyError('FILE_UNKNOWN');
    }
    const { size } = row;
    if (row.complete === 1) {
      return size;
    }
    const writer = await SealedFileWriter.open(this.#sealed(row));
    try {
      if (offset !== writer.written) {
        throw new CanopyError('FILE_OFFSET', `continue at ${writer.written}`);
      }
      for await (const bytes of body as AsyncIterable<Buffer>) {
        if (writer.received + bytes.length > size) {
          throw new CanopyError('FILE_TOO_LARGE', `more than the ${size} bytes announced`);
        }
        await writer.write(bytes);
      }
    } finally {
      await writer.close();
    }
    if (writer.written === size && !(await this.records.completed(fileId))) {
      await rm(join(this.#dir, fileId), { force: true });
      throw new CanopyError('FILE_UNKNOWN');
    }
    return writer.written;
  }

  /** @throws {CanopyError} FILES_FULL */
  async #requireDisk(size: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#dir);
    if (bavail * bsize - size < this.#options.limits.diskFloorBytes) {
      throw new CanopyError('FILES_FULL', 'the server’s disk is nearly full');
    }
  }

  async #onDisk({ file_id, size }: ChatFileRow): Promise<number> {
    try {
      return receivedBytes(size, (await stat(join(this.#dir, file_id))).size);
    } catch {
      return 0;
    }
  }

  /** @throws {CanopyError} FILE_UNREADABLE */
  #sealed({ file_id, key, size }: ChatFileRow): SealedFileOptions {
    return { path: join(this.#dir, file_id), key: this.#unwrap(key, file_id), fileId: file_id, size };
  }

  #unwrap(key: string, fileId: string): Buffer {
    try {
      return this.#serverKey.unwrap(key, fileId);
    } catch (cause) {
      throw new CanopyError('FILE_UNREADABLE', 'its key cannot be decrypted', { cause });
    }
  }

  async #unlink(fileIds: readonly string[]): Promise<void> {
    for (const fileId of fileIds) {
      const upload = this.#uploads.get(fileId);
      upload?.stop();
      await upload?.done.catch(() => undefined);
      await rm(join(this.#dir, fileId), { force: true, recursive: true });
    }
  }
}
