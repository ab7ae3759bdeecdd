import type { CodecName } from './codecs.ts';
import type { LocalEncryption } from './crypto-session.ts';
import type { Direction } from './direction.ts';
import type { IceUse, NegotiatedIce } from './ice-session.ts';
import type { RemoteAddress } from './remote.ts';
import type { Security } from './security-session.ts';

/** Our side of the audio. */
export interface LocalAudio {
  /** Address that we receive at: IPv4 or IPv6, without brackets. */
  readonly address: string;
  /** RTP port. RTCP uses the next one, or the same one with rtcp-mux. */
  readonly port: number;
  /** Codecs that we support, best first. */
  readonly codecs: readonly CodecName[];
  /** Whether we support telephone-events (RFC 4733). Default true. */
  readonly events?: boolean;
  /** The direction that we want. Default `sendrecv`. */
  readonly direction?: Direction;
  /** Packet time that we request, in milliseconds. Default 20. */
  readonly ptimeMs?: number;
  /** Default: off. */
  readonly encryption?: LocalEncryption;
  /** Default `off`. */
  readonly ice?: IceUse;
}

/** A format that the peer may send. */
export interface ReceiveFormat {
  readonly kind: CodecName | 'telephone-event';
  readonly payloadType: number;
  /** RTP clock rate, in Hz. */
  readonly clockRate: number;
}

/** The negotiated audio, from our point of view. */
export interface NegotiatedAudio extends Security {
  /** The codec that we send. */
  readonly codec: CodecName;
  /** RTP clock rate, in Hz. */
  readonly clockRate: number;
  /** Its payload type. */
  readonly sendPayloadType: number;
  /** All formats that the peer may send; it may switch with any packet (RFC 3264 §7). */
  readonly receiveFormats: readonly ReceiveFormat[];
  /** The peer's format parameters, i.e. what it wants to receive (RFC 7587 §6.1 for Opus). */
  readonly remoteFmtp: string | undefined;
  /** telephone-event (RFC 4733) that we send, if both sides support it. */
  readonly events: { readonly sendPayloadType: number; readonly clockRate: number } | undefined;
  /** Comfort noise (RFC 3389) that the peer may send, at the codec's clock rate. */
  readonly comfortNoise?: { readonly payloadType: number; readonly clockRate: number };
  readonly remote: RemoteAddress;
  readonly rtcpMux: boolean;
  /** `recvonly`, `sendonly` or `inactive` while either side is on hold. */
  readonly direction: Direction;
  /** Packet time that the peer requests, in milliseconds. */
  readonly ptimeMs: number;
  /** Absent if ICE is not used. */
  readonly ice?: NegotiatedIce;
}
