import type { CodecName, OpusSettings } from '../codecs/index.ts';
import type { DtmfKey } from './dtmf/index.ts';
import type { Endpoint } from './rtp/index.ts';

/** A format that a phone may send. */
export interface ReceiveFormat {
  kind: CodecName | 'telephone-event';
  payloadType: number;
  /** RTP clock rate, in Hz. */
  clockRate: number;
}

/** What offer and answer agreed on for one phone. Plain data, because it crosses to the media thread. */
export interface LegMedia {
  /** Payload type of the packets that we send. */
  codec: CodecName;
  payloadType: number;
  /** All formats that the phone may send, switching with any packet (RFC 3264 §7). Default: those that we send. */
  receiveFormats?: readonly ReceiveFormat[];
  /** Sample rate for decoding and encoding Opus: 8000, 16000 or 48000 (default), e.g. from maxplaybackrate (RFC 7587). */
  opusSampleRate?: number;
  opus?: OpusSettings;
  /** telephone-event (RFC 4733) that we send. */
  telephoneEvent?: { payloadType: number; clockRate: number };
  /** Comfort noise (RFC 3389), usually 13. */
  comfortNoisePayloadType?: number;
  /** Duration of the packets that we send: 10, 20 (default), 30, 40 or 60 ms; for Opus 30 becomes 20. */
  ptimeMs?: number;
  /** Where SDP says that the phone's media goes and comes from. */
  remote: Endpoint;
  /** Where its RTCP goes. Default: the next port, or the same with `rtcpMux`. */
  remoteRtcp?: Endpoint;
  rtcpMux?: boolean;
  /** Where the phone's signalling comes from: its media may come from there too (NAT). */
  signallingAddress?: string;
  /** Whether we send to the phone, and whether we listen to it; false on hold (RFC 3264 §8.4). Default true. */
  send?: boolean;
  receive?: boolean;
}

export type LegEvent =
  | { type: 'key'; key: DtmfKey; state: 'down' | 'up'; durationMs: number }
  /** A prompt has finished or was stopped. */
  | { type: 'played'; promptId: string; completed: boolean }
  /** The phone's media arrives from this source: for the first time, or after a move. */
  | { type: 'source'; address: string; port: number }
  /** A fault of ours ended the leg's media: hang up. */
  | { type: 'failed'; message: string };

export interface Prompt {
  promptId: string;
  samples: Int16Array;
  sampleRate: number;
  /** Default false. */
  loop?: boolean;
}

export interface LegStats {
  packetsReceived: number;
  packetsSent: number;
  bytesReceived: number;
  bytesSent: number;
  /** Expected but never received, since the stream began. */
  packetsLost: number;
  /** Received after their time. */
  packetsLate: number;
  /** Of other sources, refused (threat 21). */
  packetsRejected: number;
  /** Of unknown payload types or without a readable payload. */
  packetsMalformed: number;
  /** Frames of 20 ms that were made up, and packets restored from redundancy. */
  framesConcealed: number;
  packetsRestored: number;
  /** Interarrival jitter (RFC 3550 A.8), in ms. */
  jitterMs: number;
  /** Delay of our jitter buffer, in ms. */
  bufferMs: number;
  /** Loss of the last report interval, 0 to 1: of what we receive, and of what the phone says that it receives. */
  lossFraction: number;
  remoteLossFraction: number | null;
  roundTripMs: number | null;
  /** Estimated opinion score (MOS) of what we receive, 1 to 4.5. */
  mos: number;
  /** Time since the last sign of life (RTP of any payload type, or RTCP), in ms. Null before the first one. */
  silentMs: number | null;
  /** Time since the last RTCP packet, in ms; null before the first one. Phones on hold send nothing else, some not even that. */
  rtcpSilentMs: number | null;
}
