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
export {
  assembleFrame,
  type FrameSize,
  h264Samples,
  layersOf,
  nalUnits,
  OPUS_CLOCK_RATE,
  OPUS_MAX_TICKS,
  opusDurationTicks,
  opusHasFec,
  parseH264,
  parseVp8,
  parseVp9,
  startsFrame,
  superframe,
  type VideoCodec,
  type VideoFrame,
} from './payload/index.ts';
export { type OrderedPacket, ReorderBuffer } from './reorder-buffer.ts';
