export { EntryGuard } from './entry-guard.ts';
export { ROOM_MIGRATIONS } from './migrations.ts';
export { Peer, type PeerConnection } from './peer.ts';
export type { PeerMedia } from './peer-media.ts';
export { hashPin } from './pin-hash.ts';
export { type LeaveReason, Room, type RoomLogEntry, type RoomOptions } from './room.ts';
export { describeRoom, type RecordChange, type RoomRecord, RoomRecords, recordOf } from './room-records.ts';
export { mainRoomOf, type Removal, Rooms } from './rooms.ts';
export { Tickets } from './tickets.ts';
