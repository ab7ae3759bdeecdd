export { MemoryRoomLog } from './memory-room-log.ts';
export type { LogRecord, RoomLog } from './room-log.ts';
