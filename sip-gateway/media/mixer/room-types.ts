import type { OpusSettings } from '../../codecs/index.ts';
import type { CipherCounts } from '../encryption/index.ts';
import type { Endpoint } from '../rtp/index.ts';
import type { PayloadTransformModule } from './payload-transform.ts';

/** A mixer's connection to its room: a pair of mediasoup PlainTransports with `rtcpMux`. Plain data. */
export interface RoomConnection {
  /** The PlainTransport with the phones' producers. */
  sendTo: Endpoint;
  /** The PlainTransport with the speakers' consumers. Packets from elsewhere are refused. */
  receiveFrom: Endpoint;
  /** Payload type of the phones' Opus. */
  sendPayloadType: number;
  /** Payload type of the received Opus. */
  receivePayloadType: number;
  /** Header extension id of the audio level (RFC 6464) in sent packets. Without it, phones never become the active speaker. */
  audioLevelExtensionId?: number;
  /** Settings of the phones' encoders. Default: complexity 5, FEC for 5 % loss, 16, 24 or 40 kbit/s at 8, 16 or 48 kHz. */
  opus?: OpusSettings;
  /** Transforms the payloads of both directions. Default: none. Not in encrypted rooms. */
  transform?: PayloadTransformModule;
  /** Whether the room is end-to-end encrypted: nothing is sent or heard without the keys (`room.keys`). Default false. */
  encrypted?: boolean;
}

export interface RoomStats {
  legs: number;
  speakers: number;
  packetsReceived: number;
  packetsSent: number;
  /** From other sources, or malformed. */
  packetsRejected: number;
  packetsLost: number;
  framesConcealed: number;
  /** Maximum jitter of any speaker, in milliseconds. */
  jitterMs: number;
  /** Maximum buffer delay of any speaker, in milliseconds. */
  bufferMs: number;
  /** What happened to frames in encrypted rooms. */
  encryption: CipherCounts;
}
