import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CanopyError, type Config, type Logger } from '../../../base/index.ts';
import { composedFileName, composingFolderName } from '../../../contract/index.ts';
import type { Recorder } from '../../kernel/index.ts';
import type { CompositionChoice, CompositionInfo } from './composition-contract.ts';
import type { CompositionRecords } from './composition-records.ts';
import { recordingFolder } from './recording-folder.ts';
import type { RecordingRecords } from './recording-records.ts';
import { demandSpace, minFreeBytes } from './recording-space.ts';
import type { RecordingStorage } from './recording-storage.ts';
import type { CompositionRow, RecordingRow } from './tables.ts';

/** How many that people asked for may be unfinished: of a room, so that others get their turn, and on a server. */
const MAX_UNFINISHED = { room: 10, server: 100 };
/** The same of those that rooms want by themselves, which come after the others: no room fills the queue. */
const MAX_AUTOMATIC = { room: 50, server: Number.POSITIVE_INFINITY };
/** How long a recorder that is down is waited for before it is asked again, in milliseconds. */
const RETRY_MS = 1000;
/** How often the recorder may end while it makes one: what it cannot cope with must not end it for ever. */
const MAX_CRASHES = 3;
/** How often a recording whose files cannot be fetched is tried again. */
const MAX_FETCHES = 120;

export interface CompositionsOptions {
  config: Config;
  /** Undefined: the server cannot record, nor compose. */
  recorder: Recorder | undefined;
  queue: CompositionRecords;
  records: RecordingRecords;
  storage: RecordingStorage;
  log: Logger;
  /** A composition has got further, or with null, was deleted. */
  changed(row: CompositionRow, info: CompositionInfo | null): void;
}

interface Current {
  row: CompositionRow;
  percent: number;
  /** Aborted: it was deleted. */
  cancelling: AbortController;
  /** Resolves when nothing of it is being written any more. */
  ended: Promise<void>;
}

/** Makes videos of recordings: one at a time, so that calls do not suffer, from a queue that survives a restart. */
export class Compositions {
  readonly #options: CompositionsOptions;
  #current: Current | undefined;
  #working: Promise<void> | undefined;
  #isWanted = false;
  readonly #closing = new AbortController();

  constructor(options: CompositionsOptions) {
    this.#options = options;
  }

  /** Goes on with what was not finished, in the background. */
  begin(): void {
    const { recorder } = this.#options;
    if (!recorder) {
      return;
    }
    this.#isWanted = true;
    this.#working ??= this.#work(recorder).finally(() => {
      this.#working = undefined;
      if (this.#isWanted && !this.#closing.signal.aborted) {
        this.begin();
      }
    });
  }

  /** What was and is to be made of a recording, the oldest first. */
  async of(recordingId: string): Promise<CompositionInfo[]> {
    return (await this.#options.queue.of(recordingId)).map((row) => this.#infoOf(row));
  }

  /**
   * Has something made of a recording. Idempotent; tries again what failed.
   *
   * @throws {CanopyError} RECORDER_UNAVAILABLE, RECORDING_UNFINISHED, RECORDING_QUOTA, RECORDING_DISK_FULL, LIMIT_REACHED
   */
  async add(recording: RecordingRow, { format, layout }: CompositionChoice): Promise<CompositionInfo> {
    const { queue, recorder } = this.#options;
    if (!recorder) {
      throw new CanopyError('RECORDER_UNAVAILABLE', 'recording.enabled is off');
    }
    if (recording.status !== 'ended') {
      throw new CanopyError('RECORDING_UNFINISHED');
    }
    const same = await queue.same({ recording_id: recording.recording_id, format, layout });
    if (same && same.status !== 'failed') {
      return this.#infoOf(same);
    }
    await demandSpace(this.#options, recording.room_id);
    const { row, isNew } = await this.#enqueue(recording, { format, layout }, 0);
    if (isNew) {
      this.begin();
    }
    return this.#infoOf(row);
  }

  /**
   * Queues the automatic video of a recording. Its files must be complete, but its row need not say so yet: call begin() once it
   * does. Whether there is space is known when it is made. Idempotent.
   *
   * @throws {CanopyError} LIMIT_REACHED - too many of the room wait already
   */
  async addAutomatic(recording: RecordingRow, choice: CompositionChoice): Promise<void> {
    await this.#enqueue(recording, choice, 1);
  }

  /** @throws {CanopyError} RECORDING_UNKNOWN */
  async find(recordingId: string, compositionId: string): Promise<CompositionInfo> {
    const found = (await this.of(recordingId)).find((each) => each.compositionId === compositionId);
    if (!found) {
      throw new CanopyError('RECORDING_UNKNOWN');
    }
    return found;
  }

  /** Ends it if it is being made, and deletes it. Idempotent. */
  async delete(recordingId: string, compositionId: string): Promise<void> {
    const row = (await this.#options.queue.of(recordingId)).find(
      (each) => each.composition_id === compositionId,
    );
    if (row) {
      await this.#options.queue.delete(compositionId);
      await this.#discard(row);
    }
  }

  /** Deletes all of a recording; its folder is deleted next. */
  async deleteAll(recordingId: string): Promise<void> {
    const { queue } = this.#options;
    const rows = await queue.of(recordingId);
    // First, so that none of them is begun when another one is stopped.
    for (const { composition_id: compositionId } of rows) {
      await queue.delete(compositionId);
    }
    for (const row of rows) {
      await this.#discard(row);
    }
  }

  /** Ends what is being made for a room whose rows are deleted. */
  async roomDeleted(roomId: string): Promise<void> {
    await this.#stop((row) => row.room_id === roomId);
  }

  /** Ends; the next start goes on. Resolves when nothing runs. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#working;
  }

  async #enqueue(
    { recording_id: recordingId, room_id: roomId }: RecordingRow,
    { format, layout }: CompositionChoice,
    automatic: CompositionRow['automatic'],
  ): Promise<{ row: CompositionRow; isNew: boolean }> {
    const added = await this.#options.queue.add(
      {
        composition_id: randomUUID(),
        recording_id: recordingId,
        room_id: roomId,
        status: 'queued',
        layout,
        format,
        automatic,
        requested_at_ms: Date.now(),
        bytes: 0,
        error: null,
      },
      automatic ? MAX_AUTOMATIC : MAX_UNFINISHED,
    );
    if (added.isNew) {
      this.#tell(added.row);
    }
    return added;
  }

  async #work(recorder: Recorder): Promise<void> {
    const { queue, log } = this.#options;
    while (this.#isWanted && !this.#closing.signal.aborted) {
      this.#isWanted = false;
      try {
        for (let row = await queue.next(); row; row = await queue.next()) {
          await this.#make(recorder, row);
        }
      } catch (error) {
        // The database is away, or this is closing.
        if (!this.#closing.signal.aborted) {
          log.warn({ err: error }, 'cannot compose recordings; trying again');
          this.#isWanted = true;
          await delay(RETRY_MS, undefined, { ref: false });
        }
      }
    }
  }

  async #make(recorder: Recorder, row: CompositionRow): Promise<void> {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const current: Current = { row, percent: 0, cancelling: new AbortController(), ended };
    this.#current = current;
    try {
      const { status, bytes, error } = await this.#compose(recorder, current);
      const isKept = await this.#options.queue.update(row.composition_id, { status, bytes, error });
      if (isKept) {
        this.#tell({ ...row, status, bytes, error });
      } else {
        await this.#remove(row);
      }
    } finally {
      this.#current = undefined;
      resolve();
    }
  }

  /** @returns how it ended. @throws this is closing, or the database is away */
  async #compose(
    recorder: Recorder,
    current: Current,
  ): Promise<Pick<CompositionRow, 'status' | 'bytes' | 'error'>> {
    const { config, queue, log, storage } = this.#options;
    const { row, cancelling } = current;
    const task = {
      compositionId: row.composition_id,
      folder: recordingFolder(config, row.recording_id),
      layout: row.layout,
      format: row.format,
      minFreeBytes: minFreeBytes(config),
    };
    const began = { ...row, status: 'running' as const };
    const deleted = { status: 'failed', bytes: 0, error: 'RECORDING_UNKNOWN' } as const;
    if (!(await queue.update(row.composition_id, { status: began.status }))) {
      return deleted;
    }
    this.#tell(began);
    for (let crashes = 0, fetches = 0; ; ) {
      const wasUp = recorder.isUp;
      let release = () => {};
      try {
        await demandSpace(this.#options, row.room_id);
        release = await storage.hold(
          row.recording_id,
          AbortSignal.any([cancelling.signal, this.#closing.signal]),
        );
        if (cancelling.signal.aborted) {
          return deleted;
        }
        const { bytes } = await recorder.compose(task, (percent) => {
          current.percent = percent;
          this.#tell(began);
        });
        return { status: 'done', bytes, error: null };
      } catch (thrown) {
        if (cancelling.signal.aborted) {
          return deleted;
        }
        this.#closing.signal.throwIfAborted();
        const { code } = CanopyError.from(thrown);
        const isAway = code === 'RECORDING_STORAGE_UNAVAILABLE';
        fetches += isAway ? 1 : 0;
        crashes += wasUp && !isAway ? 1 : 0;
        const isOver = !(isAway || code === 'RECORDER_UNAVAILABLE');
        if (isOver || crashes === MAX_CRASHES || fetches === MAX_FETCHES) {
          log.warn({ err: thrown, compositionId: row.composition_id }, 'a recording could not be composed');
          return { status: 'failed', bytes: 0, error: code };
        }
      } finally {
        release();
      }
      // It is being restarted, or this server is stopping.
      await delay(RETRY_MS, undefined, { signal: this.#closing.signal });
      this.#closing.signal.throwIfAborted();
      if ((await queue.of(row.recording_id)).every(({ composition_id: id }) => id !== row.composition_id)) {
        return { status: 'failed', bytes: 0, error: 'RECORDING_UNKNOWN' };
      }
    }
  }

  async #stop(isMeant: (row: CompositionRow) => boolean): Promise<void> {
    const current = this.#current;
    if (current && isMeant(current.row)) {
      current.cancelling.abort();
      this.#options.recorder?.cancelComposition(current.row.composition_id);
      await current.ended;
    }
  }

  /** Ends it if it is being made, and removes its files. Its row is gone. */
  async #discard(row: CompositionRow): Promise<void> {
    await this.#stop(({ composition_id: id }) => id === row.composition_id);
    await this.#remove(row);
    this.#options.changed(row, null);
  }

  async #remove(row: CompositionRow): Promise<void> {
    const folder = recordingFolder(this.#options.config, row.recording_id);
    const { composition_id: compositionId, format } = row;
    const name = composedFileName({ compositionId, format });
    await this.#options.storage.delete({ recording_id: row.recording_id, name });
    await rm(join(folder, name), { force: true });
    await rm(join(folder, composingFolderName({ compositionId })), { recursive: true, force: true });
  }

  #tell(row: CompositionRow): void {
    this.#options.changed(row, this.#infoOf(row));
  }

  #infoOf(row: CompositionRow): CompositionInfo {
    const { composition_id: compositionId, format, layout, status, error } = row;
    const isCurrent = this.#current?.row.composition_id === compositionId;
    const percent = status === 'done' ? 100 : isCurrent ? (this.#current?.percent ?? 0) : 0;
    return { compositionId, format, layout, status, percent, bytes: Number(row.bytes), error };
  }
}
