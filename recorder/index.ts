/** Records rooms: each stream into a file of its own, without decoding it. A peer like any other, for a process of its own. */
export { type HeardText, RoomListener, type RoomListenerOptions } from './captions/index.ts';
export { compose, discardComposition, missingForVideos } from './composition/index.ts';
export { RecordingFolder } from './files/index.ts';
export { missingForLive, RoomBroadcaster } from './live/index.ts';
export { MediaUdp } from './media/index.ts';
export { RoomRecorder, type RoomRecorderOptions } from './room-recorder.ts';
export { CaptionServer, loadModel } from './transcriber/index.ts';
