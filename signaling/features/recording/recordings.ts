import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { CanopyError, type Config, type Logger } from '../../../base/index.ts';
import type { RecordingManifest, RecordingMode } from '../../../contract/index.ts';
import type { Recorder, Room } from '../../kernel/index.ts';
import type { RecordingEnd, RunningRecording } from './contract.ts';
import { recordingFolder } from './recording-folder.ts';
import type { RecordingRecords } from './recording-records.ts';
import type { RecordingRow } from './tables.ts';

export interface RecordingsOptions {
  config: Config;
  recorder: Recorder;
  records: RecordingRecords;
  log: Logger;
  /** The open room with this id. */
  room(roomId: string): Room | undefined;
}

/** How long a room without people is still recorded, in milliseconds: somebody may come back. */
const EMPTY_MS = 30_000;
/** How long after a restart of the server people have to come back for the recording to go on, in milliseconds. */
const RETURN_MS = 300_000;
/** Interval of attempts to go on while the recorder starts, in milliseconds. */
const RETRY_MS = 500;
/** Interval at which sizes are written down and limits checked, in milliseconds. */
const CHECK_MS = 10_000;
const GIBIBYTE = 1024 ** 3;

interface Running {
  readonly roomId: string;
  readonly full: boolean;
  info: RunningRecording;
  durationMs: number;
  bytes: number;
  checkedMs: number;
  emptyTimer?: NodeJS.Timeout | undefined;
  returnTimer?: NodeJS.Timeout | undefined;
  /** Whether it was paused when the server stopped. */
  wasPaused?: boolean;
  /** It is being ended. */
  ending?: Promise<void> | undefined;
}

/** Which rooms are being recorded. The recorder does the work; this decides, tells the room, and keeps the books. */
export class Recordings {
  readonly #options: RecordingsOptions;
  /** By room. */
  readonly #running = new Map<string, Running>();
  readonly #starting = new Set<string>();
  #closed = false;

  constructor(options: RecordingsOptions) {
    this.#options = options;
    options.recorder.listen({
      ended: (recordingId, error) => {
        const running = this.#byId(recordingId);
        if (running) {
          options.log.warn({ err: error, recordingId }, 'recording ended early');
          void this.#end(running, error.code === 'RECORDING_DISK_FULL' ? 'disk-full' : 'failed');
        }
      },
      progress: (recordingId, progress) => this.#progress(recordingId, progress),
    });
  }

  /** The recording of a room that runs. */
  in(roomId: string): RunningRecording | null {
    return this.#running.get(roomId)?.info ?? null;
  }

  /** Continues, once people come back, what ran when the server last stopped. */
  async restore(): Promise<void> {
    for (const row of await this.#options.records.unfinished()) {
      const running: Running = {
        roomId: row.room_id,
        full: row.full === 1,
        info: { ...infoOfRunning(row), status: 'interrupted' },
        wasPaused: row.status === 'paused',
        durationMs: Number(row.duration_ms),
        bytes: Number(row.bytes),
        checkedMs: 0,
      };
      running.returnTimer = setTimeout(() => void this.#end(running, 'empty'), RETURN_MS);
      this.#running.set(row.room_id, running);
    }
  }

  /**
   * Starts to record a room.
   *
   * @throws {CanopyError} RECORDING_RUNNING, RECORDER_UNAVAILABLE, RECORDING_QUOTA, RECORDING_DISK_FULL, STORE_BUSY, STORE_UNWRITABLE
   */
  async start(
    room: Room,
    by: { participantId: string | null; accountId: string | null; displayName: string },
    { mode, full }: { mode: RecordingMode; full: boolean },
  ): Promise<string> {
    const { roomId } = room;
    if (this.#running.has(roomId) || this.#starting.has(roomId)) {
      throw new CanopyError('RECORDING_RUNNING');
    }
    this.#starting.add(roomId);
    try {
      await this.#demandSpace(roomId);
      const recordingId = randomUUID();
      const startedAtMs = Date.now();
      const row: RecordingRow = {
        recording_id: recordingId,
        room_id: roomId,
        status: 'recording',
        mode,
        full: full ? 1 : 0,
        started_at_ms: startedAtMs,
        ended_at_ms: null,
        duration_ms: 0,
        bytes: 0,
        account_id: by.accountId,
        display_name: by.displayName,
        reason: null,
      };
      await this.#options.records.add(row);
      const running: Running = {
        roomId,
        full,
        info: infoOfRunning(row),
        durationMs: 0,
        bytes: 0,
        checkedMs: startedAtMs,
      };
      try {
        await this.#record(running);
      } catch (error) {
        await this.#options.records.update(recordingId, {
          status: 'ended',
          ended_at_ms: Date.now(),
          reason: 'failed',
        });
        throw error;
      }
      this.#running.set(roomId, running);
      this.#tell(running, by.participantId);
      return recordingId;
    } finally {
      this.#starting.delete(roomId);
    }
  }

  /** @throws {CanopyError} RECORDING_UNKNOWN - the room is not being recorded */
  async setPaused(roomId: string, isPaused: boolean, by: string | null): Promise<void> {
    const running = this.#require(roomId);
    if (running.ending) {
      throw new CanopyError('RECORDING_UNKNOWN');
    }
    const status = isPaused ? 'paused' : 'recording';
    if (running.info.status === status) {
      return;
    }
    const { recordingId } = running.info;
    if (isPaused) {
      this.#options.recorder.pause(recordingId);
    } else {
      this.#options.recorder.resume(recordingId);
    }
    running.info = { ...running.info, status };
    await this.#options.records.update(recordingId, { status });
    this.#tell(running, by);
  }

  /** Ends a room's recording. Resolves when its files are complete. Idempotent. */
  async stop(roomId: string, by: string | null): Promise<void> {
    const running = this.#running.get(roomId);
    if (running) {
      await this.#end(running, 'stopped', by);
    }
  }

  /** Somebody has come into the room: what was interrupted goes on. */
  async entered(room: Room): Promise<void> {
    const running = this.#running.get(room.roomId);
    if (running?.info.status !== 'interrupted' || running.returnTimer === undefined) {
      return;
    }
    clearTimeout(running.returnTimer);
    running.returnTimer = undefined;
    await this.#goOn(running);
  }

  /** The room's people have changed: without any, the recording ends soon. */
  peopleChanged(room: Room): void {
    const running = this.#running.get(room.roomId);
    if (!running || running.returnTimer) {
      return;
    }
    const isEmpty = ![...room.peers.values()].some(({ participants }) => participants.size > 0);
    clearTimeout(running.emptyTimer);
    running.emptyTimer = isEmpty ? setTimeout(() => void this.#end(running, 'empty'), EMPTY_MS) : undefined;
  }

  /** Forgets everything that runs; the rows say that it was interrupted, and the next start goes on. */
  close(): void {
    this.#closed = true;
    for (const { emptyTimer, returnTimer } of this.#running.values()) {
      clearTimeout(emptyTimer);
      clearTimeout(returnTimer);
    }
  }

  /** Makes the recorder begin, or go on. @throws {CanopyError} RECORDER_UNAVAILABLE and others */
  async #record({ roomId, full, info: { recordingId, mode, startedAtMs } }: Running): Promise<void> {
    const { recorder, config } = this.#options;
    const folder = recordingFolder(config, recordingId);
    await recorder.start({ recordingId, roomId, mode, full, startedAtMs, folder });
  }

  async #goOn(running: Running): Promise<void> {
    const { recorder, records, log } = this.#options;
    const { recordingId } = running.info;
    const deadline = Date.now() + RETURN_MS;
    while (!this.#closed && !running.ending) {
      try {
        await this.#record(running);
        const status = running.wasPaused ? 'paused' : 'recording';
        if (running.wasPaused) {
          recorder.pause(recordingId);
        }
        running.info = { ...running.info, status };
        await records.update(recordingId, { status });
        this.#tell(running, null);
        return;
      } catch (error) {
        if (CanopyError.from(error).code !== 'RECORDER_UNAVAILABLE' || Date.now() > deadline) {
          log.error({ err: error, recordingId }, 'could not go on with a recording');
          await this.#end(running, 'failed');
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #end(running: Running, reason: RecordingEnd, by: string | null = null): Promise<void> {
    running.ending ??= this.#finish(running, reason, by);
    return running.ending;
  }

  async #finish(running: Running, reason: RecordingEnd, by: string | null): Promise<void> {
    clearTimeout(running.emptyTimer);
    clearTimeout(running.returnTimer);
    const { recordingId } = running.info;
    const endedAtMs = Date.now();
    const manifest = await this.#collect(running);
    this.#running.delete(running.roomId);
    await this.#options.records
      .update(recordingId, {
        status: 'ended',
        ended_at_ms: endedAtMs,
        duration_ms: manifest?.durationMs ?? running.durationMs,
        bytes: manifest ? sizeOf(manifest) : running.bytes,
        reason,
      })
      .catch((error: unknown) => {
        this.#options.log.error({ err: error, recordingId }, 'could not write down the end of a recording');
      });
    this.#options.room(running.roomId)?.append('recording.changed', { recording: null, by, reason });
  }

  /** Ends it in the recorder, which may have ended it already. */
  async #collect({ info: { recordingId } }: Running): Promise<RecordingManifest | undefined> {
    const { recorder, log } = this.#options;
    try {
      return await recorder.stop(recordingId);
    } catch {
      return recorder.repair(recordingFolder(this.#options.config, recordingId)).catch((error: unknown) => {
        log.error({ err: error, recordingId }, 'could not complete the files of a recording');
        return undefined;
      });
    }
  }

  #progress(recordingId: string, { durationMs, bytes }: { durationMs: number; bytes: number }): void {
    const running = this.#byId(recordingId);
    if (!running) {
      return;
    }
    running.durationMs = durationMs;
    running.bytes = bytes;
    const nowMs = Date.now();
    if (nowMs - running.checkedMs > CHECK_MS) {
      running.checkedMs = nowMs;
      void this.#check(running);
    }
  }

  async #check(running: Running): Promise<void> {
    const { records } = this.#options;
    const { durationMs, bytes, roomId } = running;
    try {
      await records.update(running.info.recordingId, { duration_ms: Math.round(durationMs), bytes });
      await this.#demandSpace(roomId);
    } catch (error) {
      const { code } = CanopyError.from(error);
      if (code === 'RECORDING_QUOTA' || code === 'RECORDING_DISK_FULL') {
        await this.#end(running, code === 'RECORDING_QUOTA' ? 'quota' : 'disk-full');
      }
    }
  }

  /** @throws {CanopyError} RECORDING_QUOTA, RECORDING_DISK_FULL */
  async #demandSpace(roomId: string): Promise<void> {
    const { config, records } = this.#options;
    const { roomGiB, totalGiB, freeGiB } = config.recording;
    if ((await records.bytes(roomId)) > roomGiB * GIBIBYTE || (await records.bytes()) > totalGiB * GIBIBYTE) {
      throw new CanopyError('RECORDING_QUOTA');
    }
    const { bavail, bsize } = await statfs(config.recording.dir ?? config.data.dir);
    if (bavail * bsize < freeGiB * GIBIBYTE) {
      throw new CanopyError('RECORDING_DISK_FULL');
    }
  }

  #tell({ roomId, info }: Running, by: string | null): void {
    this.#options.room(roomId)?.append('recording.changed', { recording: info, by });
  }

  #require(roomId: string): Running {
    const running = this.#running.get(roomId);
    if (!running) {
      throw new CanopyError('RECORDING_UNKNOWN');
    }
    return running;
  }

  #byId(recordingId: string): Running | undefined {
    return [...this.#running.values()].find(({ info }) => info.recordingId === recordingId);
  }
}

function infoOfRunning(row: RecordingRow): RunningRecording {
  return {
    recordingId: row.recording_id,
    status: row.status === 'paused' ? 'paused' : 'recording',
    mode: row.mode,
    startedAtMs: Number(row.started_at_ms),
    startedBy: row.display_name,
  };
}

function sizeOf({ tracks }: RecordingManifest): number {
  return tracks.reduce((sum, { bytes }) => sum + bytes, 0);
}
