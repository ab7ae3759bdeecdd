import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CanopyError, type Config, type Logger } from '../../../base/index.ts';
import type { RecordingManifest, RecordingMode } from '../../../contract/index.ts';
import type { Recorder, Room } from '../../kernel/index.ts';
import type { RecordingEnd, RunningRecording } from './contract.ts';
import { recordingFolder } from './recording-folder.ts';
import type { RecordingRecords } from './recording-records.ts';
import { demandSpace } from './recording-space.ts';
import type { RecordingRow } from './tables.ts';

export interface RecordingsOptions {
  config: Config;
  recorder: Recorder;
  records: RecordingRecords;
  log: Logger;
  /** The open room with this id. */
  room(roomId: string): Room | undefined;
  /** Called when a recording's files are complete, before its row says so; called again after a restart in between. */
  completing(row: RecordingRow, manifest: RecordingManifest): Promise<void>;
  /** A recording has ended, and its files are complete. */
  completed(): void;
}

/** How long a room without people is still recorded, in milliseconds: somebody may come back. */
const EMPTY_MS = 30_000;
/** How long after a restart of the server people have to come back for the recording to go on, in milliseconds. */
const RETURN_MS = 300_000;
/** Interval of attempts to go on after a restart of the server, in milliseconds. */
const RETRY_MS = 1000;
/** Interval at which sizes are written down and limits checked, in milliseconds. */
const CHECK_MS = 10_000;

interface Running {
  readonly row: RecordingRow;
  /** Since when it is wanted to be paused, in Unix time in milliseconds; null: it is not. */
  pausedAtMs: number | null;
  /** Whether the room takes it to be paused. */
  isShownPaused: boolean;
  /** `starting`: nobody has been told yet. `away`: it ran when the server stopped, and goes on once people come back. */
  state: 'starting' | 'recording' | 'interrupted' | 'away';
  durationMs: number;
  bytes: number;
  checkedMs: number;
  /** The row is in the database, or could not be written. */
  written?: Promise<void>;
  emptyTimer?: NodeJS.Timeout | undefined;
  returnTimer?: NodeJS.Timeout | undefined;
  /** It is being ended. */
  ending?: Promise<void> | undefined;
}

/**
 * Which rooms are being recorded. The recorder does the work; this decides, notifies the room and keeps the records. The room is never told less
 * than is recorded: it learns of a stop or pause only after the recorder has complied (or is down), and of a resume beforehand.
 */
export class Recordings {
  readonly #options: RecordingsOptions;
  /** By room. */
  readonly #running = new Map<string, Running>();
  /** Recordings that have ended, but whose files are not complete. */
  readonly #incomplete = new Map<string, Promise<void> | undefined>();
  #closed = false;

  constructor(options: RecordingsOptions) {
    this.#options = options;
    options.recorder.listen({
      ready: () => this.#ready(),
      interrupted: (recordingId) => this.#stateChanged(recordingId, 'recording', 'interrupted'),
      continued: (recordingId) => this.#stateChanged(recordingId, 'interrupted', 'recording'),
      ended: (recordingId, error) => this.#ended(recordingId, error),
      progress: (recordingId, progress) => this.#progress(recordingId, progress),
    });
  }

  /** The recording of a room that runs. */
  in(roomId: string): RunningRecording | null {
    const running = this.#running.get(roomId);
    return running && running.state !== 'starting' ? infoOfRunning(running) : null;
  }

  /** Continues, once people come back, what ran when the server last stopped, and completes what had ended. */
  async restore(): Promise<void> {
    for (const row of await this.#options.records.unfinished()) {
      if (row.status === 'ending') {
        this.#incomplete.set(row.recording_id, undefined);
        continue;
      }
      const running: Running = {
        row,
        pausedAtMs: row.status === 'paused' ? Date.now() : null,
        isShownPaused: row.status === 'paused',
        state: 'away',
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
   * @throws {CanopyError} ENCRYPTED_ROOM, RECORDING_RUNNING, RECORDER_UNAVAILABLE, RECORDING_QUOTA, RECORDING_DISK_FULL, STORE_BUSY, STORE_UNWRITABLE;
   *   RECORDING_UNKNOWN - it was stopped meanwhile
   */
  async start(
    room: Room,
    by: { participantId: string | null; accountId: string | null; displayName: string },
    { mode, full }: { mode: RecordingMode; full: boolean },
  ): Promise<string> {
    const { roomId } = room;
    room.requireClear();
    if (this.#running.has(roomId)) {
      throw new CanopyError('RECORDING_RUNNING');
    }
    const startedAtMs = Date.now();
    const row: RecordingRow = {
      recording_id: randomUUID(),
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
    const running: Running = {
      ...{ row, pausedAtMs: null, isShownPaused: false, state: 'starting', durationMs: 0, bytes: 0 },
      checkedMs: startedAtMs,
    };
    this.#running.set(roomId, running);
    try {
      running.written = demandSpace(this.#options, roomId).then(() => this.#options.records.add(row));
      await running.written;
    } catch (error) {
      this.#running.delete(roomId);
      throw error;
    }
    try {
      demandWanted(running);
      await this.#record(running);
      demandWanted(running);
    } catch (error) {
      await this.#end(running, 'failed');
      throw error;
    }
    running.state = 'recording';
    this.#tell(running, by.participantId);
    return row.recording_id;
  }

  /** @throws {CanopyError} RECORDING_UNKNOWN - the room is not being recorded */
  async setPaused(roomId: string, isPaused: boolean, by: string | null): Promise<void> {
    const running = this.#running.get(roomId);
    if (!running || running.ending) {
      throw new CanopyError('RECORDING_UNKNOWN');
    }
    if ((running.pausedAtMs !== null) === isPaused) {
      return;
    }
    const { recording_id: recordingId } = running.row;
    running.pausedAtMs = isPaused ? Date.now() : null;
    if (!isPaused) {
      this.#showPaused(running, false, by);
    }
    // That it cannot be written down must not keep the recorder from pausing.
    const written = this.#options.records.update(recordingId, { status: isPaused ? 'paused' : 'recording' });
    const [paused] = await Promise.allSettled([
      this.#options.recorder.setPaused(recordingId, running.pausedAtMs),
      written,
    ]);
    if (paused.status === 'rejected') {
      throw paused.reason;
    }
    if (isPaused && running.pausedAtMs !== null && !running.ending) {
      this.#showPaused(running, true, by);
    }
    await written;
  }

  /** Ends a room's recording. Resolves when its files are complete, or the recorder is down. Idempotent. */
  async stop(roomId: string, by: string | null): Promise<void> {
    const running = this.#running.get(roomId);
    if (running) {
      await this.#end(running, 'stopped', by);
    }
  }

  /** Somebody has come into the room: what was interrupted goes on. */
  async entered({ roomId }: Room): Promise<void> {
    const running = this.#running.get(roomId);
    if (running?.state === 'away' && running.returnTimer) {
      clearTimeout(running.returnTimer);
      running.returnTimer = undefined;
      await this.#goOn(running);
    }
  }

  /** The room's people have changed: without any, the recording ends soon. */
  peopleChanged(room: Room): void {
    const running = this.#running.get(room.roomId);
    if (!running || running.returnTimer) {
      return;
    }
    clearTimeout(running.emptyTimer);
    running.emptyTimer = room.hasParticipants
      ? undefined
      : setTimeout(() => void this.#end(running, 'empty'), EMPTY_MS);
  }

  /** Forgets everything that runs; the rows say that it did, and the next start goes on. */
  close(): void {
    this.#closed = true;
    for (const { emptyTimer, returnTimer } of this.#running.values()) {
      clearTimeout(emptyTimer);
      clearTimeout(returnTimer);
    }
  }

  /** Makes the recorder begin, or go on. @throws {CanopyError} RECORDER_UNAVAILABLE and others */
  async #record({ row, pausedAtMs }: Running): Promise<void> {
    const { recorder, config } = this.#options;
    await recorder.start({
      recordingId: row.recording_id,
      roomId: row.room_id,
      mode: row.mode,
      full: row.full === 1,
      startedAtMs: Number(row.started_at_ms),
      folder: recordingFolder(config, row.recording_id),
      pausedAtMs,
    });
  }

  /** Goes on with what ran before the server stopped, as soon as the recorder is up. */
  async #goOn(running: Running): Promise<void> {
    while (!this.#closed && !running.ending) {
      try {
        await this.#record(running);
        if (!this.#closed && !running.ending) {
          running.state = 'recording';
          this.#tell(running, null);
        }
        return;
      } catch (error) {
        if (!CanopyError.from(error).retryable && !running.ending) {
          const { room_id: roomId } = running.row;
          this.#options.log.error({ err: error, roomId }, 'could not go on with a recording');
          await this.#end(running, 'failed');
          return;
        }
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /** The recorder is up: it completes what was left. */
  #ready(): void {
    for (const recordingId of this.#incomplete.keys()) {
      void this.#complete(recordingId);
    }
  }

  #stateChanged(recordingId: string, from: Running['state'], to: Running['state']): void {
    const running = this.#byId(recordingId);
    if (!this.#closed && running?.state === from && !running.ending) {
      running.state = to;
      if (!running.isShownPaused) {
        this.#tell(running, null);
      }
    }
  }

  #ended(recordingId: string, error: CanopyError): void {
    const running = this.#byId(recordingId);
    if (!this.#closed && running && !running.ending) {
      this.#options.log.warn({ err: error, recordingId }, 'recording ended early');
      void this.#end(running, error.code === 'RECORDING_DISK_FULL' ? 'disk-full' : 'failed');
    }
  }

  #end(running: Running, reason: RecordingEnd, by: string | null = null): Promise<void> {
    running.ending ??= this.#finish(running, reason, by);
    return running.ending;
  }

  async #finish(running: Running, reason: RecordingEnd, by: string | null): Promise<void> {
    clearTimeout(running.emptyTimer);
    clearTimeout(running.returnTimer);
    const { recorder, records, log } = this.#options;
    const { recording_id: recordingId, room_id: roomId } = running.row;
    await running.written?.catch(() => {});
    // If the recorder is down, nothing is recorded either.
    const manifest = await recorder.stop(recordingId).catch(() => undefined);
    this.#running.delete(roomId);
    if (running.state !== 'starting') {
      this.#options.room(roomId)?.append('recording.changed', { recording: null, by, reason });
    }
    const isComplete = manifest?.tracks.every((track) => track.isComplete) ?? false;
    if (manifest && isComplete) {
      await this.#completing(recordingId, manifest);
    }
    const ended = {
      status: isComplete ? ('ended' as const) : ('ending' as const),
      ended_at_ms: Date.now(),
      duration_ms: Math.round(manifest?.durationMs ?? running.durationMs),
      bytes: manifest ? sizeOf(manifest) : running.bytes,
      reason,
    };
    await records.update(recordingId, ended).catch((error: unknown) => {
      log.error({ err: error, recordingId }, 'could not write down the end of a recording');
    });
    if (isComplete) {
      this.#options.completed();
    } else {
      await this.#complete(recordingId);
    }
  }

  /** Completes the files of a recording that has ended. While the recorder is down, this waits for `ready`. Never rejects. */
  #complete(recordingId: string): Promise<void> {
    const completing = this.#incomplete.get(recordingId) ?? this.#repair(recordingId);
    this.#incomplete.set(recordingId, completing);
    return completing;
  }

  async #repair(recordingId: string): Promise<void> {
    const { recorder, records, config, log } = this.#options;
    let manifest: RecordingManifest | undefined;
    try {
      manifest = await recorder.repair(recordingFolder(config, recordingId));
    } catch (error) {
      if (CanopyError.from(error).code === 'RECORDER_UNAVAILABLE') {
        this.#incomplete.set(recordingId, undefined);
        return;
      }
      log.error({ err: error, recordingId }, 'could not complete the files of a recording');
    }
    this.#incomplete.delete(recordingId);
    if (manifest) {
      await this.#completing(recordingId, manifest);
    }
    const sizes = manifest && { duration_ms: Math.round(manifest.durationMs), bytes: sizeOf(manifest) };
    await records.update(recordingId, { status: 'ended', ...sizes }).catch((error: unknown) => {
      log.error({ err: error, recordingId }, 'could not write down the end of a recording');
    });
    this.#options.completed();
  }

  async #completing(recordingId: string, manifest: RecordingManifest): Promise<void> {
    try {
      const row = await this.#options.records.find(recordingId);
      // Else the room was deleted.
      if (row) {
        await this.#options.completing(row, manifest);
      }
    } catch (error) {
      this.#options.log.error({ err: error, recordingId }, 'could not queue the video of a recording');
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
    const { durationMs, bytes, row } = running;
    try {
      await records.update(row.recording_id, { duration_ms: Math.round(durationMs), bytes });
      await demandSpace(this.#options, row.room_id);
    } catch (error) {
      const { code } = CanopyError.from(error);
      if (code === 'RECORDING_QUOTA' || code === 'RECORDING_DISK_FULL') {
        await this.#end(running, code === 'RECORDING_QUOTA' ? 'quota' : 'disk-full');
      }
    }
  }

  #showPaused(running: Running, isPaused: boolean, by: string | null): void {
    if (running.isShownPaused !== isPaused) {
      running.isShownPaused = isPaused;
      if (running.state !== 'starting') {
        this.#tell(running, by);
      }
    }
  }

  #tell(running: Running, by: string | null): void {
    const recording = infoOfRunning(running);
    this.#options.room(running.row.room_id)?.append('recording.changed', { recording, by });
  }

  #byId(recordingId: string): Running | undefined {
    return [...this.#running.values()].find(({ row }) => row.recording_id === recordingId);
  }
}

/** @throws {CanopyError} RECORDING_UNKNOWN - it was stopped while it started */
function demandWanted({ ending }: Running): void {
  if (ending) {
    throw new CanopyError('RECORDING_UNKNOWN');
  }
}

function infoOfRunning({ row, isShownPaused, state }: Running): RunningRecording {
  return {
    recordingId: row.recording_id,
    status: isShownPaused ? 'paused' : state === 'recording' ? 'recording' : 'interrupted',
    mode: row.mode,
    startedAtMs: Number(row.started_at_ms),
    startedBy: row.display_name,
  };
}

function sizeOf({ tracks, eventBytes }: RecordingManifest): number {
  return tracks.reduce((sum, { bytes }) => sum + bytes, eventBytes);
}
