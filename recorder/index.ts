/** Records rooms: each stream into a file of its own, without decoding it. A peer like any other, for a process of its own. */
export { RoomRecorder, type RoomRecorderOptions } from './room-recorder.ts';
export type { RecordedTrackEntry, RecordingEvent, RecordingManifest, RecordingMode } from './types.ts';
