export type { Composition, LiveOutput } from './compositor.ts';
export { RoomBroadcaster } from './room-broadcaster.ts';
