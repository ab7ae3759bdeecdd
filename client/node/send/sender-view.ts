import type { FrameTransform, FrameTransformable } from '../../sdk/index.ts';
import type { RtpSender } from './rtp-sender.ts';

/** The part of RTCRtpSender that mediasoup-client and the SDK use, backed by an RtpSender. */
export class SenderView implements FrameTransformable {
  readonly transform = null;
  readonly transport = null;
  readonly dtmf = null;
  readonly #sender: RtpSender;

  constructor(sender: RtpSender) {
    this.#sender = sender;
  }

  get track(): MediaStreamTrack | null {
    return this.#sender.track;
  }

  transformFrames(transform: FrameTransform, ended: () => void): void {
    this.#sender.transformFrames(transform, ended);
  }

  getParameters(): RTCRtpSendParameters {
    return {
      transactionId: '',
      codecs: [],
      headerExtensions: [],
      rtcp: {},
      encodings: this.#sender.encodings,
    };
  }

  /** Applies `active` and the number of spatial layers of each encoding. Ignores bitrates: clips cannot change theirs. */
  async setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    this.#sender.setEncodings(parameters.encodings);
  }

  async getStats(): Promise<RTCStatsReport> {
    return senderStats(this.#sender);
  }
}

/** `outbound-rtp` entries with WebRTC's names, as far as the values are known here. */
export function senderStats(sender: RtpSender): RTCStatsReport {
  return new Map(
    sender.streams.map(({ ssrc, counters }) => [
      `outbound-rtp-${ssrc}`,
      {
        id: `outbound-rtp-${ssrc}`,
        type: 'outbound-rtp',
        timestamp: Date.now(),
        ssrc,
        packetsSent: counters.packets,
        bytesSent: counters.bytes,
        framesSent: counters.frames,
        retransmittedPacketsSent: counters.retransmittedPackets,
        pliCount: counters.keyFrameRequests,
      },
    ]),
  );
}
