/** The files of a recording. */
export { RecordingFolder } from './recording-folder.ts';
export { TrackFile, type TrackPacket } from './track-file.ts';
export { audioFormat, storedFrame, type TrackFormat, videoFormat } from './track-format.ts';
