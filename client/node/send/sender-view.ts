import type { RtpSender } from './rtp-sender.ts';

/** The part of RTCRtpSender that mediasoup-client and the SDK use, over an RtpSender. */
export class SenderView {
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

  getParameters(): RTCRtpSendParameters {
    return {
      transactionId: '',
      codecs: [],
      headerExtensions: [],
      rtcp: {},
      encodings: this.#sender.encodings,
    };
  }

  /** Heeds `active` and the spatial layers of each encoding: clips cannot change their bitrate. */
  async setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    this.#sender.setEncodings(parameters.encodings);
  }

  async getStats(): Promise<RTCStatsReport> {
    return senderStats(this.#sender);
  }
}

/** `outbound-rtp` entries by WebRTC's names, as far as they are known here. */
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
