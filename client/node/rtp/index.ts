/** RTP and RTCP on the wire, as far as a sender and receiver of conference media needs them. */
export { msFromNtp, type NtpTime, ntpFromMs, wallClockMs } from './clock.ts';
export {
  buildRtp,
  type ExtensionElement,
  isRtcp,
  parseRtp,
  type RtpHeader,
  readExtension,
} from './packet.ts';
export * from './rtcp.ts';
export { SequenceUnwrapper } from './sequence.ts';
