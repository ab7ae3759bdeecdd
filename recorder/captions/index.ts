export { endWhenSilent } from './end-when-silent.ts';
export { RoomListener, type RoomListenerOptions } from './room-listener.ts';
export { type HeardText, SAMPLE_RATE, ServiceConnection } from './service-connection.ts';
