/** SDP offers and answers for phone audio. */
export type { CodecName } from './codecs.ts';
export type { LocalEncryption, NegotiatedCrypto } from './crypto-session.ts';
export type { Direction } from './direction.ts';
export type { NegotiatedDtls } from './dtls-line.ts';
export type { IceUse, NegotiatedIce } from './ice-session.ts';
export type { LocalAudio, NegotiatedAudio, ReceiveFormat } from './negotiated-audio.ts';
export { mediaAddressIn, type RemoteAddress, SdpError, usableSdp } from './remote.ts';
export { type SavedSdp, SdpSession } from './sdp-session.ts';
export { SecuritySession } from './security-session.ts';
