import type { CodecName, OpusSettings } from '../../codecs/index.ts';
import type { Endpoint } from '../rtp/index.ts';
import type { PayloadTransformModule } from './payload-transform.ts';

/** Where a room's Opus goes to and comes from: a pair of mediasoup PlainTransports with `rtcpMux`. Plain data. */
export interface RoomConnection {
  /** Phones go there: the PlainTransport that produces. */
  sendTo: Endpoint;
  /** Speakers come from there, and nothing from elsewhere is taken: the PlainTransport that consumes. */
  receiveFrom: Endpoint;
  /** Codec that phones go up in. Default Opus. */
  sendCodec?: CodecName;
  /** Its payload type. */
  sendPayloadType: number;
  /** Payload type of Opus that we receive. */
  receivePayloadType: number;
  /** Id of urn:ietf:params:rtp-hdrext:ssrc-audio-level (RFC 6464) in what we send: without it phones are never loudest. */
  audioLevelExtensionId?: number;
  /** Settings of the phones' encoders. Default: complexity 5, FEC for 5 % loss, 20, 28 or 40 kbit/s at 8, 16, 48 kHz. */
  opus?: OpusSettings;
  /** Transforms the payloads of both directions. Default: none. */
  transform?: PayloadTransformModule;
}

export interface RoomStats {
  legs: number;
  speakers: number;
  packetsReceived: number;
  packetsSent: number;
  /** Of other sources or malformed. */
  packetsRejected: number;
  packetsLost: number;
  framesConcealed: number;
  /** Of the speakers, in ms: the largest. */
  jitterMs: number;
  bufferMs: number;
}
