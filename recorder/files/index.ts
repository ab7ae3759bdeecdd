/** The files of a recording. */

export type { TrackPacket } from './matroska-writer.ts';
export { RecordingFolder } from './recording-folder.ts';
export { TrackFile } from './track-file.ts';
export { audioFormat, storedFrame, type TrackFormat, videoFormat } from './track-format.ts';
