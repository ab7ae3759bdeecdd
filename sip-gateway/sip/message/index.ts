/** SIP messages: parsing, building and serializing. Pure functions and data. */
export { type AuthHeader, formatChallenge, formatCredentials, parseAuthHeader } from './auth-header.ts';
export {
  buildErrorResponse,
  buildRequest,
  buildResponse,
  type RequestDraft,
  type RequestParts,
  type ResponseParts,
  replaceTopVia,
  withVia,
} from './build.ts';
export { type HeaderField, Headers } from './headers.ts';
export {
  type CSeq,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  type WireResponse,
} from './message.ts';
export {
  formatNameAddr,
  type NameAddr,
  nameAddr,
  parseNameAddr,
  parseNameAddrs,
  tagOf,
  withTag,
} from './name-addr.ts';
export { NO_PARAMS, type Params, unquote } from './params.ts';
export { findHeaderEnd, type ParseResult, parseContentLength, parseMessage } from './parse.ts';
export { SipParseError } from './parse-error.ts';
export { serializeMessage } from './serialize.ts';
export {
  bareHost,
  bracketHost,
  decodeUser,
  encodeUser,
  formatUri,
  isAddress,
  numberOrUser,
  parseUri,
  type SipUri,
  sameUri,
  type TelUri,
  type Uri,
} from './uri.ts';
export {
  addressesOf,
  formatReplaces,
  parseMediaType,
  parseRAck,
  parseReplaces,
  parseSeconds,
  type Replaces,
  registerContacts,
  singleContact,
} from './values.ts';
export { branchOf, MAGIC_COOKIE, type Via } from './via.ts';
export { legible } from './wire-text.ts';
