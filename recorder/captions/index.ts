export { RoomListener, type RoomListenerOptions } from './room-listener.ts';
export type { HeardText } from './service-connection.ts';
