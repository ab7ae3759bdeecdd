/** SIP for the gateway: `SipStack` takes and makes calls; `sdp` negotiates what they carry. */
export { type Credentials, type DigestAlgorithm, digestSecret, type PasswordLookup } from './auth/index.ts';
export { formatUri, parseUri, SipParseError } from './message/index.ts';
export * from './ua/index.ts';
