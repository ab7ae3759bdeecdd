import { MediaTrack } from '../media-track.ts';
import type { InboundStream } from './inbound-stream.ts';

/** A track received from the server. Use `stream` for measurements and to tap packets. */
export class ReceivedTrack extends MediaTrack {
  readonly stream: InboundStream;

  constructor(kind: 'audio' | 'video', stream: InboundStream) {
    super(kind, 'received');
    this.stream = stream;
  }
}

/** An `inbound-rtp` entry with WebRTC's names, as far as the values are known here. */
export function receiverStats(stream: InboundStream): RTCStatsReport {
  const { ssrc, kind, counters, jitterMs } = stream;
  const id = `inbound-rtp-${ssrc}`;
  return new Map([
    [
      id,
      {
        id,
        type: 'inbound-rtp',
        timestamp: Date.now(),
        ssrc,
        kind,
        packetsReceived: counters.packets,
        bytesReceived: counters.bytes,
        packetsLost: counters.lostPackets,
        nackCount: counters.nackedPackets,
        pliCount: counters.keyFrameRequests,
        jitter: jitterMs / 1000,
      },
    ],
  ]);
}
