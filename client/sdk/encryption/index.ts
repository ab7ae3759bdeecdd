/** End-to-end encryption. Only what is light is exported here: the rest is loaded when a room is encrypted. */

export { BASE_KEY_BYTES, type EpochKeys, type SFrameSuite } from '../../../contract/sframe/index.ts';
export type { ContentMember, OpenedContent } from './content/index.ts';
export type {
  EncryptedMember,
  EncryptionAlarm,
  EncryptionAlarmKind,
  EncryptionState,
} from './encryption-state.ts';
export type { FrameEncryption } from './frame-encryption.ts';
export type { EncryptedTrack, MediaEncryption } from './media/index.ts';
export { encryptedMediaSupported, openMediaEncryption } from './open-media-encryption.ts';
export type { RoomContent } from './room-content.ts';
export { RoomEncryption, type RoomEncryptionEvents } from './room-encryption.ts';
