/** Reading and writing RTP packets, for everything in Node that sends or receives them. */
export {
  buildRtp,
  type ExtensionElement,
  isRtcp,
  parseRtp,
  type RtpPacket,
  type RtpPacketInit,
  readExtension,
} from './packet.ts';
