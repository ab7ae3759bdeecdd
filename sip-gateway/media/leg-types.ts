import type { AmrWbSettings, CodecName, OpusSettings } from '../codecs/index.ts';
import type { DtmfKey } from './dtmf/index.ts';
import type { IceComponent, IceParameters } from './ice/index.ts';
import type { Endpoint, RtpPacket } from './rtp/index.ts';

/** Where a phone's media comes from, as already known in another thread. */
export interface MediaSource extends Endpoint {
  /** The address of RTCP, if ICE has chosen one. */
  rtcp?: Endpoint | undefined;
}

/** A format that a phone may send. */
export interface ReceiveFormat {
  kind: CodecName | 'telephone-event';
  payloadType: number;
  /** RTP clock rate, in Hz. */
  clockRate: number;
}

/** Gets what a phone sends, packet by packet, before its jitter buffer. `sequence`: extended beyond 16 bits. */
export interface VoiceTap {
  voice(packet: RtpPacket, sequence: number, codec: CodecName): void;
  keys(sequence: number): void;
  comfortNoise(): void;
}

/** The negotiated media of one phone. Plain data, because it is posted to the media thread. */
export interface LegMedia {
  /** The codec that we send. */
  codec: CodecName;
  /** Its payload type. */
  payloadType: number;
  /** All formats that the phone may send; it may switch with any packet (RFC 3264 §7). Default: those that we send. */
  receiveFormats?: readonly ReceiveFormat[];
  /** Sample rate for decoding and encoding Opus: 8000, 16000 or 48000 (default), e.g. from maxplaybackrate (RFC 7587). */
  opusSampleRate?: number;
  opus?: OpusSettings;
  /** Quality of the Speex encoder, 0 to 10. Default 8. */
  speexQuality?: number;
  /** What the phone lets us send. */
  amr?: AmrWbSettings;
  /** telephone-event (RFC 4733) that we send. */
  telephoneEvent?: { payloadType: number; clockRate: number };
  /** Recognize keys by their tones in the voice. Default false. */
  inBandKeys?: boolean;
  /** Comfort noise (RFC 3389) that the phone may send. Default: none. */
  comfortNoise?: { payloadType: number; clockRate: number };
  /**
   * Duration of the packets that we send, in milliseconds: 10, 20 (default), 30, 40, 50 or 60. Opus has no 30 and 50; GSM, Speex and AMR-WB have 20,
   * 40 and 60. Instead of others, 20 is used.
   */
  ptimeMs?: number;
  /** The phone's address in its SDP. */
  remote: Endpoint;
  /** The phone's address for RTCP. Default: the next port, or the same one with `rtcpMux`. */
  remoteRtcp?: Endpoint;
  rtcpMux?: boolean;
  /** Source address of the phone's signalling. Behind a NAT its media comes from there too. */
  signallingAddress?: string;
  /** With it, checks decide where media goes and comes from, instead of the source of the first packet. */
  ice?: IceParameters;
  /** SRTP contexts of both directions. With them, nothing is sent or accepted in the clear. */
  srtp?: { send: number; receive: number };
  /**
   * Associations whose handshakes yield these contexts: for RTP and, without `rtcpMux`, for RTCP. Until then nothing is sent or accepted.
   * `active`: we begin the handshakes.
   */
  dtls?: { active: boolean; associations: readonly number[] };
  /** Whether audio is sent to the phone, and whether it is received from the phone; false on hold (RFC 3264 §8.4). Default true. */
  send?: boolean;
  receive?: boolean;
}

export type LegEvent =
  /** `way`: as a telephone-event, or as a tone in the voice. */
  | { type: 'key'; key: DtmfKey; state: 'down' | 'up'; durationMs: number; way: 'event' | 'tone' }
  /** A prompt has finished or was stopped. */
  | { type: 'played'; promptId: string; completed: boolean }
  /** What a phone said while it was recorded; null: nothing. */
  | { type: 'recorded'; sound: { samples: Int16Array; sampleRate: number } | null }
  /** The phone's media comes from a new source: its first, or another after a move. */
  | { type: 'source'; address: string; port: number }
  /** The phone has chosen this address for a component by ICE. */
  | ({ type: 'nominated'; component: IceComponent } & Endpoint)
  /** The phone is not who its SDP says, or the handshake (DTLS) failed: hang up. */
  | { type: 'insecure'; reason: string }
  /** The phone's sound cannot be forwarded to the room as it is, because of its loudness, comfort noise or another codec. */
  | { type: 'processed'; reason: 'gain' | 'comfort-noise' | 'codec' }
  /** An error on our side ended the leg's media: hang up. */
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
  /** Received too late to be played. */
  packetsLate: number;
  /** From other sources, refused (threat 21). */
  packetsRejected: number;
  /** Forged or replayed, dropped by SRTP. */
  packetsUnauthenticated: number;
  /** With an unknown payload type or an unreadable payload. */
  packetsMalformed: number;
  /** Concealed frames of 20 ms. */
  framesConcealed: number;
  /** Restored from redundancy (Opus FEC). */
  packetsRestored: number;
  /** Interarrival jitter (RFC 3550 A.8), in milliseconds. */
  jitterMs: number;
  /** Delay of the jitter buffer, in milliseconds. */
  bufferMs: number;
  /** Loss of the received stream in the last report interval, 0 to 1. */
  lossFraction: number;
  /** The same of our stream, as reported by the phone. */
  remoteLossFraction: number | null;
  roundTripMs: number | null;
  /** Estimated mean opinion score (MOS) of the received stream, 1 to 4.5. */
  mos: number;
  /** Time since the phone's last packet (RTP of any payload type, or RTCP), in milliseconds. Null before the first one. */
  silentMs: number | null;
  /** Time since the last RTCP packet, in milliseconds; null before the first one. Phones on hold send at most RTCP. */
  rtcpSilentMs: number | null;
}
