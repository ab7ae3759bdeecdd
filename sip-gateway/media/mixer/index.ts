/** A room's audio: mixes its speakers and phones for each phone, and sends the phones to the room. */
export type { Announcement } from './announcer.ts';
export { Limiter } from './limiter.ts';
export {
  loadPayloadTransform,
  type PayloadTransform,
  type PayloadTransformModule,
} from './payload-transform.ts';
export { type Forwarding, RoomMixer } from './room-mixer.ts';
export type { RoomConnection, RoomStats } from './room-types.ts';
