export { missingForLive } from './compositor.ts';
export { RoomBroadcaster } from './room-broadcaster.ts';
