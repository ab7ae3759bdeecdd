/** STUN messages (RFC 8489): ICE of the phones' audio, and keep-alives on the SIP port. */
export {
  Attribute,
  Binding,
  errorCode,
  HEADER_BYTES,
  isAuthentic,
  MAGIC_COOKIE,
  readMappedAddress,
  readStun,
  type StunMessage,
  uint32,
  writePlainStun,
  writeStun,
  xorMappedAddress,
} from './stun-message.ts';
