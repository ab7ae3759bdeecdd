/** Sending: clips played in time, packetised, numbered, and sent again when asked for. */
export { ClipTrack, type ClipTrackOptions } from './clip-track.ts';
export type { OutboundCounters, OutboundStream } from './outbound-stream.ts';
export { Pacer } from './pacer.ts';
export { RtpSender } from './rtp-sender.ts';
export { SenderView, senderStats } from './sender-view.ts';
