/** The sound of a room: its speakers, mixed for each leg, and the legs, mixed for the room. */
export { Limiter } from './limiter.ts';
export {
  loadPayloadTransform,
  type PayloadTransform,
  type PayloadTransformModule,
} from './payload-transform.ts';
export { RoomMixer } from './room-mixer.ts';
export type { RoomConnection, RoomStats } from './room-types.ts';
