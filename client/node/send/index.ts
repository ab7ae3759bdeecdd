/** Sending: plays clips in real time, packetises and numbers them, and retransmits on request. */
export { ClipTrack, type ClipTrackOptions } from './clip-track.ts';
export type { OutboundCounters, OutboundStream } from './outbound-stream.ts';
export { Pacer } from './pacer.ts';
export { RtpSender } from './rtp-sender.ts';
export { SenderView, senderStats } from './sender-view.ts';
