/** IPC messages between `canopy serve` and its recorder process. */
import type { Config, ErrorBody } from '../base/index.ts';
import type { ComposedFile, RecordingManifest } from '../contract/index.ts';
import type { CompositionTask, RecordOptions } from '../signaling/index.ts';
import type { FromChild, ToChild } from './child-supervisor.ts';

/** Each is answered by `done` or `refused`. */
export type RecorderCommand =
  | { name: 'start'; options: RecordOptions }
  | { name: 'set-paused'; recordingId: string; pausedAtMs: number | null }
  | { name: 'stop'; recordingId: string }
  | { name: 'repair'; folder: string };

export type ToRecorder =
  | { type: 'begin'; config: Config; url: string }
  | { type: 'command'; id: number; command: RecorderCommand }
  /** Answered by `composed` or `not-composed`. */
  | { type: 'compose'; id: number; task: CompositionTask }
  | { type: 'cancel-composition'; compositionId: string }
  | ToChild;

export type FromRecorder =
  | { type: 'done'; id: number; manifest: RecordingManifest | undefined }
  | { type: 'refused'; id: number; error: ErrorBody }
  | { type: 'ended'; recordingId: string; error: ErrorBody }
  | { type: 'composed'; id: number; composed: ComposedFile }
  | { type: 'not-composed'; id: number; error: ErrorBody }
  | { type: 'composing'; compositionId: string; percent: number }
  | { type: 'progress'; recordingId: string; durationMs: number; bytes: number }
  | FromChild;
