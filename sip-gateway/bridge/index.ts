/** Calls in rooms: one bridge per room, one seat per phone. */
export type { CallState, PhoneSeat } from './phone-seat.ts';
export type { RoomBridgeOptions, SeatEvents } from './room-bridge.ts';
export { RoomBridges } from './room-bridges.ts';
