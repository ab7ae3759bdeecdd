/**
 * SFrame (RFC 9605) for clients and the phone gateway: the format of frames, and which keys count. Ciphers are up to each: browsers have
 * WebCrypto, the gateway's media threads need synchronous ones.
 */
export {
  BASE_KEY_BYTES,
  deviceMember,
  type EpochKeys,
  memberOf,
  type SFrameSuite,
  withoutExcluded,
} from './epoch-keys.ts';
export { frameMetadata } from './frame-metadata.ts';
export { encodeHeader, parseHeader, type SFrameHeader } from './header.ts';
export { type DeriveKey, KeyRing, type NoKey, type ReceiveKey, type SendKey, suiteOf } from './key-ring.ts';
export { keyLabel, NONCE_BYTES, nonceOf } from './key-schedule.ts';
export { ReplayWindow } from './replay-window.ts';
