/** The SIP stack: SipStack receives and makes calls, SdpSession negotiates their media. */
export type { Credentials, DigestAlgorithm, PasswordLookup } from './auth/index.ts';
export {
  encodeUser,
  formatNameAddr,
  formatReplaces,
  formatUri,
  type HeaderField,
  type NameAddr,
  NO_PARAMS,
  numberOrUser,
  parseUri,
  SipParseError,
  type SipUri,
  type TelUri,
} from './message/index.ts';
export { RecentMap } from './recent-map.ts';
export {
  type CodecName,
  type Direction,
  type LocalAudio,
  type LocalEncryption,
  mediaAddressIn,
  type NegotiatedAudio,
  type NegotiatedCrypto,
  type NegotiatedDtls,
  type ReceiveFormat,
  type RemoteAddress,
  type SavedSdp,
  SdpError,
  SdpSession,
  SecuritySession,
} from './sdp/index.ts';
export { systemClock } from './transaction/index.ts';
export { type ClientTls, isOverTls, localAddressFor, type SeenMessage } from './transport/index.ts';
export * from './ua/index.ts';
