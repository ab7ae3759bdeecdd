/** RTP and RTCP on the wire, as far as a sender and receiver of conference media needs them. */
export {
  buildRtp,
  type ExtensionElement,
  isRtcp,
  parseRtp,
  type RtpPacket,
  readExtension,
} from '../../../base/rtp/index.ts';
export { msFromNtp, type NtpTime, ntpFromMs, wallClockMs } from './clock.ts';
export * from './rtcp.ts';
export { SequenceUnwrapper } from './sequence.ts';
