/** SFrame (RFC 9605) for a room's media. Loaded only where media is encrypted. */
export { type EncryptedTrack, MediaEncryption } from './media-encryption.ts';
