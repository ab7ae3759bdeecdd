/** From the packets of a room to tracks. */
export { MediaSocket, type StreamSink } from './media-socket.ts';
export { MediaUdp } from './media-udp.ts';
export { type StreamCodec, TrackRecorder } from './track-recorder.ts';
