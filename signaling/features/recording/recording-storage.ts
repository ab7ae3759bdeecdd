import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CanopyError, type Config, type Logger } from '../../../base/index.ts';
import type { ByteRange } from '../../kernel/index.ts';
import { openKept } from './kept-files.ts';
import { MANIFEST, recordingFolder } from './recording-folder.ts';
import { minFreeBytes } from './recording-space.ts';
import {
  type Bucket,
  digestOf,
  type FileChoice,
  type FileRecords,
  isListing,
  networkError,
  pathOf,
  type RecordingFileRow,
  S3Error,
  type UploadedPart,
  unavailable,
} from './storage/index.ts';

/** Codes of errors with which an answer ends early. */
const OF_NETWORK = /^(ECONN\w+|EPIPE|ETIMEDOUT|ERR_STREAM_PREMATURE_CLOSE)$/;

/** A file of a recording, in the folder or the bucket. Call close() when it is no longer read. */
export interface OpenFile {
  /** In bytes. */
  size: number;
  /** @throws {CanopyError} RECORDING_STORAGE_UNAVAILABLE */
  read(range?: ByteRange): Promise<Readable>;
  close(): Promise<void>;
}

export interface RecordingStorageOptions {
  config: Config;
  records: FileRecords;
  /** Undefined: none is configured. There may be files in one that was. */
  bucket: Bucket | undefined;
  log: Logger;
  /** Something is to be moved or deleted. */
  changed(): void;
  /** Ends what is on its way. */
  stop(isMeant: (row: RecordingFileRow) => boolean): Promise<void>;
}

/** Where the files of recordings are: in the folder while and after they are written, then in the bucket, if there is one. */
export class RecordingStorage {
  readonly #options: RecordingStorageOptions;
  /** How often the copies of a recording's files are in use. */
  readonly #holds = new Map<string, number>();

  constructor(options: RecordingStorageOptions) {
    this.#options = options;
  }

  /** Something has ended, and can be moved. */
  nudge(): void {
    this.#options.changed();
  }

  /**
   * Opens a file to be read. @param name from the manifest or this server, never from a request
   *
   * @returns undefined: there is none
   */
  async open(recordingId: string, name: string): Promise<OpenFile | undefined> {
    const kept = await openKept(this.#folder(recordingId), name);
    if (kept) {
      const { handle, size } = kept;
      return {
        size,
        read: async ({ from, to } = { from: 0, to: size }) =>
          from === to
            ? Readable.from([])
            : handle.createReadStream({ start: from, end: to - 1, autoClose: false }),
        close: () => handle.close(),
      };
    }
    const row = await this.#options.records.find(recordingId, name);
    if (row?.state !== 'stored') {
      return undefined;
    }
    const size = Number(row.bytes);
    const closing = new AbortController();
    return {
      size,
      read: (range) => this.#readStored(row, range, closing.signal),
      close: async () => closing.abort(),
    };
  }

  /**
   * Fetches the list of tracks if it is only in the bucket, e.g. after a restore.
   *
   * @returns whether there is one
   * @throws {CanopyError} RECORDING_STORAGE_UNAVAILABLE
   */
  async fetchList(recordingId: string): Promise<boolean> {
    const row = await this.#options.records.find(recordingId, MANIFEST);
    const isStored = row?.state === 'stored';
    if (isStored) {
      await this.#fetch(row, new AbortController().signal);
    }
    return isStored;
  }

  /**
   * Has all files of a recording in its folder until the returned function is called.
   *
   * @throws {CanopyError} RECORDING_STORAGE_UNAVAILABLE, RECORDING_DISK_FULL; the reason of `signal`
   */
  async hold(recordingId: string, signal: AbortSignal): Promise<() => void> {
    this.#holds.set(recordingId, (this.#holds.get(recordingId) ?? 0) + 1);
    const release = () => {
      const holds = (this.#holds.get(recordingId) ?? 1) - 1;
      holds === 0 ? this.#holds.delete(recordingId) : this.#holds.set(recordingId, holds);
    };
    try {
      // None of them is being removed from here on.
      await this.#options.stop((row) => row.recording_id === recordingId && row.state === 'stored');
      const rows = await this.#options.records.stored(recordingId);
      await this.#fetchMissing(
        rows.filter(({ name }) => !name.startsWith('composition-')),
        signal,
      );
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  isHeld(recordingId: string): boolean {
    return this.#holds.has(recordingId);
  }

  /** Deletes files in the bucket, now or once it can be used. What is in the folder is up to the caller. */
  async delete(choice: FileChoice): Promise<void> {
    await this.#options.records.delete(choice);
    await this.stop(choice);
  }

  /** Ends what is on its way of files that are to be deleted. */
  async stop(choice: FileChoice): Promise<void> {
    const wanted = Object.entries(choice);
    await this.#options.stop((row) =>
      wanted.every(([key, value]) => row[key as keyof RecordingFileRow] === value),
    );
    this.#options.changed();
  }

  /** Deletes all of a room, in the transaction that deletes the room. */
  deleteRoom(db: Parameters<FileRecords['delete']>[1], roomId: string): Promise<void> {
    return this.#options.records.delete({ room_id: roomId }, db);
  }

  async #fetchMissing(rows: readonly RecordingFileRow[], signal: AbortSignal): Promise<void> {
    const { config, records } = this.#options;
    const missing: RecordingFileRow[] = [];
    for (const row of rows) {
      const path = join(this.#folder(row.recording_id), row.name);
      if (!(await stat(path).catch(() => undefined))) {
        missing.push(row);
      }
    }
    const [{ recording_id: recordingId } = { recording_id: '' }] = missing;
    const bytes = missing.reduce((sum, row) => sum + Number(row.bytes), 0);
    if (bytes === 0) {
      return;
    }
    await mkdir(this.#folder(recordingId), { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(this.#folder(recordingId));
    if (bavail * bsize - bytes < minFreeBytes(config)) {
      throw new CanopyError('RECORDING_DISK_FULL');
    }
    const copies = missing.map(({ name }) => name).filter((name) => !isListing(name));
    // First: so that they are removed even if this server ends meanwhile.
    await records.addCopies(recordingId, copies);
    for (const row of missing) {
      await this.#fetch(row, signal);
    }
  }

  async #fetch(row: RecordingFileRow, signal: AbortSignal): Promise<void> {
    const folder = this.#folder(row.recording_id);
    const path = join(folder, row.name);
    const partial = `${path}.fetched`;
    const { digest, check } = digestOf(JSON.parse(row.parts ?? '[]') as UploadedPart[], Number(row.bytes));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const bytes = await this.#readStored(row, undefined, signal);
      await pipeline(bytes, digest, createWriteStream(partial, { mode: 0o600 }), { signal });
      check();
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      signal.throwIfAborted();
      throw this.#coded(error);
    }
  }

  async #readStored(
    row: RecordingFileRow,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<Readable> {
    const { bucket } = this.#options;
    if (!bucket) {
      throw unavailable(new Error('recording.s3Url is not set, but this recording is in a bucket'));
    }
    try {
      return await bucket.get(pathOf(row), Number(row.bytes), range, signal);
    } catch (error) {
      throw this.#coded(error);
    }
  }

  #coded(thrown: unknown): unknown {
    const { code = '' } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOSPC') {
      return new CanopyError('RECORDING_DISK_FULL', undefined, { cause: thrown });
    }
    const error = OF_NETWORK.test(code) ? networkError(thrown) : thrown;
    if (!(error instanceof S3Error)) {
      return error;
    }
    this.#options.log.warn({ err: error }, `a recording in the bucket cannot be read: ${error.problem}`);
    return unavailable(error);
  }

  #folder(recordingId: string): string {
    return recordingFolder(this.#options.config, recordingId);
  }
}
