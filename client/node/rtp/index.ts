/** Reading and writing RTP and RTCP, as far as a conference client needs them. */
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
