/** From the packets of a room to tracks. */
export { MediaSocket, type MediaSocketOptions, type StreamSink } from './media-socket.ts';
export { type StreamCodec, TrackRecorder } from './track-recorder.ts';
