/** End-to-end encryption of the audio between a room and its phones, in the media thread. */
export {
  addCounts,
  type CipherCounts,
  NO_FRAMES,
  RoomCipher,
  type RoomEpoch,
  type RoomSource,
} from './room-cipher.ts';
