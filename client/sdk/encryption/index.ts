/** End-to-end encryption. Only what is light is exported here: the rest is loaded when a room is encrypted. */
export { BASE_KEY_BYTES, type EpochKeys, type FrameEncryption, type SFrameSuite } from './epoch-keys.ts';
export type { EncryptedTrack, MediaEncryption } from './media/index.ts';
export { encryptedMediaSupported, openMediaEncryption } from './open-media-encryption.ts';
