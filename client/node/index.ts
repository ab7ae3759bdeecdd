/**
 * WebRTC for Node: a handler for mediasoup-client over node-datachannel that sends pre-encoded clips and measures what it receives, and a
 * file store for identities. For the load generator, tests and bots; it neither renders nor encodes.
 */
export { nativeRtpCapabilities } from './capabilities.ts';
export * from './clip/index.ts';
export { fileStore } from './file-store.ts';
export { createHandlerFactory, type NodeHandlerOptions } from './handler.ts';
export { MediaEndpoint } from './media-endpoint.ts';
export { type LinkCounters, MediaLink, type MediaLinkEvents } from './media-link.ts';
export {
  DelayHistogram,
  type InboundCounters,
  type InboundStream,
  NO_PACKETS,
  type ReceivedFrame,
  type ReceivedPacket,
  ReceivedTrack,
} from './receive/index.ts';
export { wallClockMs } from './rtp/index.ts';
export {
  ClipTrack,
  type ClipTrackOptions,
  type OutboundCounters,
  type OutboundStream,
} from './send/index.ts';
export { stampAgeMs } from './send-stamp.ts';
