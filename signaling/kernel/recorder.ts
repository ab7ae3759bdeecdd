import type { CanopyError } from '../../base/index.ts';
import type {
  ComposedFile,
  CompositionOptions,
  RecordingManifest,
  RecordingMode,
} from '../../contract/index.ts';

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
  /** Since when it is paused, in Unix time in milliseconds; null: it is not. */
  pausedAtMs: number | null;
}

/** What the recorder reports by itself. */
export interface RecorderEvents {
  /** The recorder can be asked again, at first or after a crash. */
  ready(): void;
  /** The recorder is down: nothing is recorded until `continued`. */
  interrupted(recordingId: string): void;
  /** After a crash of the recorder, the recording goes on. */
  continued(recordingId: string): void;
  /** The recording has ended, because of `error`; its files are closed. */
  ended(recordingId: string, error: CanopyError): void;
  /** How far it is: its length without pauses, in milliseconds, and the size of its files. */
  progress(recordingId: string, progress: { durationMs: number; bytes: number }): void;
}

/** A video, or sound alone, to make of a recording. */
export interface CompositionTask extends CompositionOptions {
  /** The recording's folder, in which the file is made. */
  folder: string;
}

/** Records rooms, in a process of its own. Each call counts from the moment it is made, also while an earlier one is pending. */
export interface Recorder {
  /** Whether its process is ready. */
  readonly isUp: boolean;
  listen(events: RecorderEvents): void;
  /** Resolves when it is recorded. @throws {CanopyError} RECORDER_UNAVAILABLE, RECORDING_UNKNOWN - it was stopped meanwhile; and others */
  start(options: RecordOptions): Promise<void>;
  /** Resolves when this is in force. If the recorder is down it is: nothing is recorded, and the next process begins with it. */
  setPaused(recordingId: string, pausedAtMs: number | null): Promise<void>;
  /**
   * Resolves when its files are closed, with those of an earlier process perhaps not complete; undefined: the recorder did not have it.
   *
   * @throws {CanopyError} RECORDER_UNAVAILABLE - the recorder is down, so nothing is recorded either
   */
  stop(recordingId: string): Promise<RecordingManifest | undefined>;
  /** Makes what a crash left in a folder playable; undefined: nothing was recorded. @throws {CanopyError} RECORDER_UNAVAILABLE */
  repair(folder: string): Promise<RecordingManifest | undefined>;
  /**
   * Makes a file of a recording that has ended. If the process dies meanwhile, calling this again goes on with what is finished.
   *
   * @param onProgress with 0 to 100 percent
   * @throws {CanopyError} RECORDER_UNAVAILABLE - the recorder is down, or was stopped; COMPOSER_MISSING, COMPOSITION_FAILED, RECORDING_UNKNOWN - it was
   *   cancelled; RECORDING_DISK_FULL, RECORDING_UNKNOWN - nothing was recorded
   */
  compose(task: CompositionTask, onProgress: (percent: number) => void): Promise<ComposedFile>;
  /** Ends compose(), and removes what it has made so far. */
  cancelComposition(compositionId: string): void;
}
