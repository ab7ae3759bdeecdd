/** From the packets of a room to tracks. */
export { MediaSocket, type MediaSocketOptions } from './media-socket.ts';
export { RecordedTrack } from './recorded-track.ts';
