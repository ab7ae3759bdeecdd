/** Receiving: demultiplexes streams, repairs losses, measures, and sends reports. */
export { DelayHistogram } from './delay-histogram.ts';
export type { ReceivedFrame } from './frame-reader.ts';
export { type InboundCounters, InboundStream, NO_PACKETS, type ReceivedPacket } from './inbound-stream.ts';
export { ReceivedTrack, receiverStats } from './received-track.ts';
export { RtpReceiver } from './rtp-receiver.ts';
