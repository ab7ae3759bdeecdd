import type { CanopyError } from '../../base/index.ts';
import type { RecordingManifest, RecordingMode } from '../../contract/index.ts';

/** What to record, and where to. */
export interface RecordOptions {
  recordingId: string;
  roomId: string;
  mode: RecordingMode;
  /** Whether everyone is recorded at full size. */
  full: boolean;
  /** Unix time in milliseconds. */
  startedAtMs: number;
  /** The recording's folder. One with an interrupted recording is continued. */
  folder: string;
}

/** What the recorder reports by itself. */
export interface RecorderEvents {
  /** The recording has ended, because of `error`; its files are closed. */
  ended(recordingId: string, error: CanopyError): void;
  /** How far it is: its length without pauses, in milliseconds, and the size of its files. */
  progress(recordingId: string, progress: { durationMs: number; bytes: number }): void;
}

/** Records rooms, in a process of its own. */
export interface Recorder {
  listen(events: RecorderEvents): void;
  /** Resolves when it is recorded. @throws {CanopyError} RECORDER_UNAVAILABLE, FILE_UNUSABLE and others */
  start(options: RecordOptions): Promise<void>;
  pause(recordingId: string): void;
  resume(recordingId: string): void;
  /** Resolves when its files are closed. @throws {CanopyError} RECORDER_UNAVAILABLE */
  stop(recordingId: string): Promise<RecordingManifest>;
  /** Makes what a crash left in a folder playable; undefined: nothing was recorded. @throws {CanopyError} RECORDER_UNAVAILABLE */
  repair(folder: string): Promise<RecordingManifest | undefined>;
}
