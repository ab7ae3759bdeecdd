/** Whether callers may use the numbers that they show: STIR/SHAKEN (RFC 8224, RFC 8225, RFC 8226, RFC 8588). */
export { type CallerVerdict, CallerVerifier, type ClaimedCaller } from './caller-verifier.ts';
