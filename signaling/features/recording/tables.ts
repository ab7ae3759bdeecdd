import type { CompositionFormat, CompositionLayout } from '../../../contract/index.ts';
import type { CompositionInfo } from './composition-contract.ts';
import type { RecordingEnd } from './contract.ts';

export interface RecordingRow {
  recording_id: string;
  room_id: string;
  /** `ending`: nothing more is recorded, and its files are being completed, or will be once the recorder is back. */
  status: 'recording' | 'paused' | 'ending' | 'ended';
  mode: 'video' | 'audio';
  /** 0 or 1. */
  full: number;
  started_at_ms: number;
  /** Null while it runs. Like the reason, known from the status `ending` on. */
  ended_at_ms: number | null;
  duration_ms: number;
  bytes: number;
  /** Null, like the name: the account was deleted. */
  account_id: string | null;
  display_name: string | null;
  /** Null while it runs. */
  reason: RecordingEnd | null;
}

/** A file that was made of a recording, or is to be. */
export interface CompositionRow {
  composition_id: string;
  recording_id: string;
  room_id: string;
  status: CompositionInfo['status'];
  layout: CompositionLayout;
  format: CompositionFormat;
  /** 0: somebody asked for it; 1: the room wants it of every recording. */
  automatic: 0 | 1;
  requested_at_ms: number;
  bytes: number;
  /** Code of the error; null: none, or it was asked for again. */
  error: string | null;
}

declare module '../../store/tables.ts' {
  interface Tables {
    recordings: RecordingRow;
    compositions: CompositionRow;
  }
}
