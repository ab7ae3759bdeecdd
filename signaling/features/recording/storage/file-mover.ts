import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CanopyError, type Config, type Logger } from '../../../../base/index.ts';
import { openKept } from '../kept-files.ts';
import { recordingFolder } from '../recording-folder.ts';
import { isListing, typeOfFile, uploadableFiles } from './file-names.ts';
import type { FileRecords } from './file-records.ts';
import { type Bucket, Pace, S3Error, type UploadState, unlessRefused, uploadFile } from './s3/index.ts';
import type { RecordingFileRow } from './tables.ts';

/** How long to wait after a failure, in milliseconds: at first, and at most if the bucket is away, or if a single file fails. */
const RETRY_MS = 1000;
const MAX_BUCKET_RETRY_MS = 5 * 60_000;
const MAX_FILE_RETRY_MS = 3_600_000;
/** How long a copy stays that is needed still before it is looked at again, in milliseconds. */
const NEEDED_MS = 60_000;

export interface FileMoverOptions {
  config: Config;
  records: FileRecords;
  bucket: Bucket;
  log: Logger;
  /** Whether the local copies of a recording's files are needed. */
  needsCopies(recordingId: string): Promise<boolean>;
  onUploaded(bytes: number): void;
  onFailed(): void;
}

/** Moves what has been recorded to the bucket, and deletes there what was deleted here: one file at a time, from a queue that survives a restart. */
export class FileMover {
  readonly #options: FileMoverOptions;
  readonly #pace: Pace;
  readonly #closing = new AbortController();
  #current: { row: RecordingFileRow; aborting: AbortController; ended: Promise<void> } | undefined;
  /** Ends waiting for something to do. */
  #wake = new AbortController();
  #working: Promise<void> | undefined;
  /** Failures of the bucket since it was last used. */
  #failures = 0;
  #problem: string | null = null;
  #isChecked = false;
  /** Whether recordings or compositions may have ended that are not in the queue. */
  #hasNews = true;

  constructor(options: FileMoverOptions) {
    this.#options = options;
    this.#pace = new Pace(options.config.recording.s3UploadMbps * 1_000_000);
  }

  /** Why the bucket cannot be used; null: it can, as far as is known. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Works in the background from now on. */
  begin(): void {
    this.#working ??= this.#work();
  }

  /** There may be something new to do. */
  nudge(): void {
    this.#hasNews = true;
    this.#wake.abort();
  }

  /** Ends what is being done with a recording's file. Resolves when nothing of it is on its way. */
  async stop(isMeant: (row: RecordingFileRow) => boolean): Promise<void> {
    const current = this.#current;
    if (current && isMeant(current.row)) {
      current.aborting.abort();
      await current.ended;
    }
  }

  /** Ends; the next start goes on. Resolves when nothing runs. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#current?.aborting.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { records, log } = this.#options;
    while (!this.#closing.signal.aborted) {
      // What comes from here on is looked at in the next turn.
      this.#wake = new AbortController();
      try {
        if (this.#hasNews) {
          this.#hasNews = false;
          await this.#addNew();
        }
        await this.#check();
        const row = await records.next(Date.now());
        if (row) {
          await this.#take(row);
          continue;
        }
        const nextMs = await records.nextMs();
        await this.#sleep(nextMs === undefined ? undefined : nextMs - Date.now(), this.#wake.signal);
      } catch (error) {
        this.#hasNews = true;
        if (!this.#closing.signal.aborted) {
          if (!(error instanceof S3Error)) {
            log.warn({ err: error }, 'cannot move recordings to the bucket; trying again');
          }
          this.#failures += 1;
          await this.#sleep(backoff(this.#failures, MAX_BUCKET_RETRY_MS), this.#wake.signal);
        }
      }
    }
  }

  /** Tries the bucket once, at first. @throws {S3Error} */
  async #check(): Promise<void> {
    if (!this.#isChecked) {
      try {
        await this.#options.bucket.check();
      } catch (error) {
        this.#fails(error);
        throw error;
      }
      this.#isChecked = true;
      this.#works();
    }
  }

  /** Adds recordings and compositions that have ended since, also those from before there was a bucket. What was needed for one may go. */
  async #addNew(): Promise<void> {
    const { config, records } = this.#options;
    const nowMs = Date.now();
    await records.hurryCopies(nowMs);
    const rowOf = (file: {
      recording_id: string;
      room_id: string;
      name: string;
      bytes: number;
    }): RecordingFileRow => ({
      ...file,
      ...{ state: 'waiting', has_copy: 0, upload_id: null, parts: null, attempts: 0 },
      ...{ added_at_ms: nowMs, next_attempt_ms: nowMs },
    });
    for (const recording of await records.newRecordings()) {
      const files = await uploadableFiles(recordingFolder(config, recording.recording_id));
      await records.add(files.map((file) => rowOf({ ...recording, ...file })));
    }
    for (const composition of await records.newCompositions()) {
      const kept = await openKept(recordingFolder(config, composition.recording_id), composition.name);
      if (kept) {
        await kept.handle.close();
        await records.add([rowOf({ ...composition, bytes: kept.size })]);
      }
    }
  }

  /** @throws {S3Error} the bucket cannot be used @throws the database is away */
  async #take(row: RecordingFileRow): Promise<void> {
    const { records, onFailed } = this.#options;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const aborting = new AbortController();
    this.#current = { row, aborting, ended };
    try {
      await this.#do(row, aborting.signal);
    } catch (error) {
      if (aborting.signal.aborted) {
        return;
      }
      if (error instanceof CanopyError && error.code.startsWith('STORE_')) {
        throw error;
      }
      onFailed();
      this.#fails(error, row);
      if (error instanceof S3Error && error.isOfBucket) {
        throw error;
      }
      const attempts = row.attempts + 1;
      await records.update(row, {
        attempts,
        next_attempt_ms: Date.now() + backoff(attempts, MAX_FILE_RETRY_MS),
      });
    } finally {
      this.#current = undefined;
      resolve();
    }
  }

  async #do(row: RecordingFileRow, signal: AbortSignal): Promise<void> {
    switch (row.state) {
      case 'waiting':
        return this.#upload(row, signal);
      case 'stored':
        return this.#release(row);
      case 'deleting':
        return this.#delete(row);
    }
  }

  async #upload(row: RecordingFileRow, signal: AbortSignal): Promise<void> {
    const { config, records, bucket, onUploaded } = this.#options;
    const { recording_id: recordingId, name } = row;
    if (!(await records.update(row, { attempts: Math.max(row.attempts, 1) }))) {
      return;
    }
    const kept = await openKept(recordingFolder(config, recordingId), name);
    if (!kept && !(await records.isWanted(row))) {
      // It was deleted just as it was added.
      await records.delete({ recording_id: recordingId, name });
      return;
    }
    if (!kept) {
      throw new CanopyError(
        'FILE_UNUSABLE',
        `${name} of recording ${recordingId} is gone before it was uploaded`,
      );
    }
    const { handle, size } = kept;
    try {
      const parts = await uploadFile({
        ...{
          bucket,
          path: pathOf(row),
          type: typeOfFile(name),
          file: handle,
          size,
          pace: this.#pace,
          signal,
        },
        begun: size === Number(row.bytes) ? stateOf(row) : undefined,
        save: async (state) => {
          const progress = {
            upload_id: state?.uploadId ?? null,
            parts: state ? JSON.stringify(state.parts) : null,
          };
          await records.update(row, { ...progress, bytes: size });
        },
      });
      const stored = { state: 'stored', parts: JSON.stringify(parts), upload_id: null, bytes: size } as const;
      // The list of tracks stays: it is read whenever somebody looks at the recordings of a room.
      await records.update(row, {
        ...stored,
        attempts: 1,
        has_copy: isListing(name) ? 0 : 1,
        next_attempt_ms: 0,
      });
    } finally {
      await handle.close();
    }
    // It may have been added just as its recording was deleted.
    if (!(await records.isWanted(row))) {
      await records.delete({ recording_id: recordingId, name });
    }
    onUploaded(size);
    this.#works();
  }

  /** Removes the local copy of a file that the bucket has. */
  async #release(row: RecordingFileRow): Promise<void> {
    const { config, records, needsCopies } = this.#options;
    if (await needsCopies(row.recording_id)) {
      await records.update(row, { next_attempt_ms: Date.now() + NEEDED_MS });
      return;
    }
    await rm(join(recordingFolder(config, row.recording_id), row.name), { force: true });
    await records.update(row, { has_copy: 0 });
  }

  async #delete(row: RecordingFileRow): Promise<void> {
    const { records, bucket } = this.#options;
    const path = pathOf(row);
    await (row.upload_id === null
      ? bucket.abortUploads(path).catch(unlessRefused)
      : bucket.abortUpload(path, row.upload_id));
    await bucket.delete(path);
    await records.forget(row);
    this.#works();
  }

  #works(): void {
    this.#failures = 0;
    if (this.#problem !== null) {
      this.#problem = null;
      this.#options.log.info('the bucket for recordings can be used again');
    }
  }

  #fails(error: unknown, row?: RecordingFileRow): void {
    const problem =
      error instanceof S3Error ? error.problem : (CanopyError.from(error).detail ?? String(error));
    if (problem !== this.#problem) {
      this.#problem = problem;
      const file = row && { recordingId: row.recording_id, name: row.name };
      this.#options.log.error(
        { err: error, code: 'RECORDING_STORAGE_UNAVAILABLE', ...file },
        `cannot use the bucket for recordings; trying again: ${problem}`,
      );
    }
  }

  /** @param ms undefined: until it is woken */
  async #sleep(ms: number | undefined, wake: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([wake, this.#closing.signal]);
    // Clocks may be set back, so nothing waits for more than an hour.
    await delay(Math.min(ms ?? MAX_FILE_RETRY_MS, MAX_FILE_RETRY_MS), undefined, {
      signal,
      ref: false,
    }).catch(() => {});
  }
}

/** Where a file is in the bucket. */
export function pathOf({
  recording_id: recordingId,
  name,
}: Pick<RecordingFileRow, 'recording_id' | 'name'>): string {
  return `${recordingId}/${name}`;
}

function stateOf({ upload_id: uploadId, parts }: RecordingFileRow): UploadState | undefined {
  return uploadId === null ? undefined : { uploadId, parts: JSON.parse(parts ?? '[]') };
}

function backoff(attempts: number, maxMs: number): number {
  return Math.min(RETRY_MS * 2 ** Math.min(attempts - 1, 30), maxMs) * (0.75 + Math.random() / 2);
}
