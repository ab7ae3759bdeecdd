import type { VideoCodec } from '../base/rtp/index.ts';
import type { MediaSource } from '../contract/index.ts';

/** What to record. */
export type RecordingMode = 'video' | 'audio';

/** What one stream carries. */
export type StreamCodec = VideoCodec | 'opus';

/** A track's file, as the recording lists it. */
export interface TrackEntry {
  file: string;
  codec: StreamCodec;
  /** Where the file begins in the recording, in milliseconds. */
  offsetMs: number;
  /** Its length, in milliseconds. */
  durationMs: number;
  bytes: number;
}

/** A track, and whose it is. */
export interface RecordedTrackEntry extends TrackEntry {
  participantId: string;
  displayName: string;
  source: MediaSource;
  /** Whether the file was closed, with its index. */
  isComplete: boolean;
}

/** A recording as its folder's `recording.json` describes it; rewritten whenever a track begins or ends. */
export interface RecordingManifest {
  version: 1;
  recordingId: string;
  roomId: string;
  mode: RecordingMode;
  /** Unix times in milliseconds. */
  startedAtMs: number;
  /** Null while it runs, and after a crash. */
  endedAtMs: number | null;
  /** Length without pauses, in milliseconds, when this was written. */
  durationMs: number;
  /** When nothing was recorded on purpose, in Unix time. */
  pauses: Array<{ fromMs: number; toMs: number | null }>;
  tracks: RecordedTrackEntry[];
}

/** What happened beside the tracks. */
export type RecordingNote =
  | { kind: 'joined' | 'left'; participantId: string; displayName: string }
  | { kind: 'speaker'; participantId: string | null }
  | { kind: 'screen-started' | 'screen-ended'; participantId: string };

/** A line of `events.jsonl`. `atMs`: position in the recording. */
export type RecordingEvent = { atMs: number } & RecordingNote;
