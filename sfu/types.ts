/** Arguments, results and events of the media plane: plain data only, without mediasoup objects; everything passes structuredClone(). */
import type { RtpCapabilities } from 'mediasoup/types';
import type { ErrorBody } from '../base/errors/index.ts';
import type { IceCandidate, MediaKind, MediaSource, ProducerInfo } from '../contract/index.ts';
import type { OperatingPoint, TileDecision, VideoDecision, VideoSource } from './allocator/index.ts';
import type { StressLevel } from './protection/index.ts';

export type { ClientDtlsParameters } from '../contract/index.ts';
export type { IceCandidate, MediaKind, MediaSource, ProducerInfo, StressLevel };
export type Direction = 'send' | 'recv';

/** An address at which clients may reach the media workers. */
export interface ListenAddress {
  /** Local IP address to bind. */
  ip: string;
  /** IP address announced in ICE candidates; default `ip`. */
  announcedAddress?: string;
}

export interface TransportInfo {
  transportId: string;
  workerId: string;
  iceParameters: { usernameFragment: string; password: string; iceLite?: boolean };
  iceCandidates: IceCandidate[];
  dtlsParameters: {
    role?: 'auto' | 'client' | 'server';
    fingerprints: Array<{ algorithm: string; value: string }>;
  };
}

/** How media reaches the server: directly over UDP or TCP, or through a TURN server. */
export type MediaPath = 'udp' | 'tcp' | 'relay';

/** A path that a client is to test: a transport, and a consumer of test packets on it. */
export interface TestedPath extends TransportInfo {
  consumer: ConsumerResult;
}

/** How a peer receives. */
export interface ReceivingOptions {
  /** What the client can receive; required to consume. */
  rtpCapabilities?: RtpCapabilities;
  /** Sends with the payload types of these capabilities, for clients that choose them. Default: with those of the room. */
  ownPayloadTypes?: boolean | undefined;
}

/** An IP address and a UDP port. */
export interface Endpoint {
  address: string;
  port: number;
}

/** The address that a bridge sends to or receives from. */
export interface PlainTransportInfo extends Endpoint {
  transportId: string;
}

export interface ConsumerResult {
  consumerId: string;
  producerId: string;
  kind: MediaKind;
  rtpParameters: Record<string, unknown>;
  type: 'simple' | 'simulcast' | 'svc' | 'pipe';
  producerPaused: boolean;
}

/** Result of subscribing to several producers at once. */
export interface ConsumersResult {
  consumers: ConsumerResult[];
  /** The producers that could not be subscribed to, and why. */
  failed: Array<{ producerId: string; error: ErrorBody }>;
}

export interface Layers {
  spatialLayer: number;
  temporalLayer?: number;
}

/** A producer to create. */
export interface ProduceOptions {
  transportId: string;
  kind: MediaKind;
  rtpParameters: unknown;
  paused: boolean;
  /** Default: microphone or camera, by kind. */
  source?: MediaSource;
  /** The participant that the media belongs to. Default: the peer. A named participant sends one voice per source. */
  participantId?: string;
  /** The speaker: at most one microphone per speaker is forwarded at a time. Default: the participant. */
  speakerId?: string;
  /** Maximum number of producers the peer may have afterwards. Default: unlimited. */
  maxProducers?: number;
}

/** What a receiver shows. Videos not listed are off-screen. */
export interface Layout {
  tiles: Array<{
    producerId: string;
    /** Size on the screen, in device pixels. */
    width: number;
    height: number;
    /** Pinned by the viewer. */
    pinned: boolean;
  }>;
  /** Maximum bitrate it wants to receive, audio included, in bits per second. */
  maxBitrateBps?: number | undefined;
}

export type TransportState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

/** Events of the media plane, each with one plain argument. */
export interface SfuEvents {
  /** A room's worker died or was killed: all its media is gone. openRoom() puts it on another worker. */
  roomlost: [{ roomId: string; workerId: string; reason: string }];
  workerdied: [{ workerId: string; pid: number; reason: string }];
  workerstarted: [{ workerId: string; pid: number }];
  /** The dominant speaker's producer changed; null when it closed. In silence it stays the last one. */
  speaker: [{ roomId: string; producerId: string | null }];
  /** A peer has begun to receive, or left: playableFrom() may have changed. */
  receiverschanged: [{ roomId: string }];
  /** A producer can be consumed; emitted just before produce() resolves. */
  produceropened: [{ roomId: string; peerId: string; producer: ProducerInfo }];
  /** A producer was paused or resumed. */
  producerpaused: [{ roomId: string; peerId: string; producerId: string; paused: boolean }];
  /** A producer closed, alone or with its participant, transport or peer. */
  producerclosed: [{ roomId: string; peerId: string; producerId: string }];
  /** A transport closed, alone or with its peer. */
  transportclosed: [{ roomId: string; peerId: string; transportId: string }];
  /** A consumer closed because its producer did. Not emitted for those closed by their owner. */
  consumerclosed: [{ roomId: string; peerId: string; consumerId: string }];
  /** The layers a consumer forwards have changed; at most five times per second. */
  consumerlayers: [{ roomId: string; peerId: string; consumerId: string; layers: Layers | null }];
  /** For the sender of a video: whether each spatial layer is wanted, lowest first. Emitted on change. */
  producerwanted: [{ roomId: string; peerId: string; producerId: string; spatialLayers: boolean[] }];
  /** The tiles of a receiver whose allocation changed. */
  allocation: [
    { roomId: string; peerId: string; tiles: Array<Pick<TileDecision, 'producerId' | 'layers' | 'reason'>> },
  ];
  /** A decision was made and applied: how long it took, and for how many rooms. */
  allocated: [{ durationMs: number; rooms: number }];
  transportstate: [{ roomId: string; peerId: string; transportId: string; state: TransportState }];
  /** ICE has found a path for the first time. */
  iceconnected: [{ roomId: string; peerId: string; transportId: string }];
  /** The first packet of a producer has arrived. May come just before `produceropened`. */
  rtpstarted: [{ roomId: string; peerId: string; producerId: string }];
  /** For audit: the remote DTLS certificate after connecting, PEM. Its digest equals the given fingerprint. */
  dtlsconnected: [{ roomId: string; peerId: string; transportId: string; remoteCertificate: string }];
}

/** Numbers of live objects. After everyone has left, all but `workers` and `webRtcServers` are 0. */
export interface SfuGauges {
  workers: number;
  webRtcServers: number;
  routers: number;
  transports: number;
  /** Between workers that share a room. */
  pipeTransports: number;
  producers: number;
  consumers: number;
  /** Level transports: one per room. Level taps: their consumers, one per microphone. */
  levelTransports: number;
  levelTaps: number;
  /** Running tests of network paths, each with a router and up to three transports of its own. */
  pathTests: number;
}

export interface WorkerStatus {
  workerId: string;
  pid: number;
  /** First port is rtc.port; UDP and TCP. */
  rtcPort: number;
  rooms: number;
  consumers: number;
  /** User and system CPU time used by the worker's process since its start, in seconds. */
  cpuSeconds: number;
  /** Largest resident set size, in bytes. */
  maxRssBytes: number;
}

/** The load of the media plane. */
export interface SfuLoad {
  workers: Array<{
    workerId: string;
    /** Share of a core used over 5 s, relative to what the hypervisor leaves, 0 to 1; null: not known yet. */
    cpuShare: number | null;
    /** What is reduced to save CPU: 0 nothing, 1 frame rate, 2 resolution too, 3 the number of videos too. */
    stressLevel: StressLevel;
  }>;
  /** Share of the machine's CPU time taken by the hypervisor for other guests, 0 to 1. */
  stealShare: number;
  /** Currently allocated egress bitrate, audio included, in bits per second. */
  egressBps: number;
  /** Maximum egress bitrate, in bits per second; null: unlimited. */
  linkBps: number | null;
  /** Number of consumers being held. */
  heldConsumers: number;
}

/** Bytes moved by transports, closed ones included. */
export interface TrafficTotals {
  receivedBytes: number;
  sentBytes: number;
}

/** The last decision about a room, and its input. */
export interface RoomExplanation {
  roomId: string;
  pictures: VideoExplanation[];
  receivers: ReceiverExplanation[];
}

export interface VideoExplanation {
  producerId: string;
  /** The sender. */
  peerId: string;
  source: VideoSource;
  paused: boolean;
  speaking: boolean;
  /** Null: the sender has not spoken yet. */
  lastSpokeSecondsAgo: number | null;
  /** The bitrates of its layers. */
  points: OperatingPoint[];
  /** Which spatial layers the sender was last asked to send. */
  wantedSpatialLayers: VideoDecision['spatialLayers'];
  /** Spatial layers that were requested but do not arrive. */
  missingSpatialLayers: number[];
}

export interface ReceiverExplanation {
  peerId: string;
  budgetBps: number;
  /** Its bandwidth estimate, in bits per second; null: unknown, or not a limit. */
  estimateBps: number | null;
  audioBps: number;
  maxOutgoingBps: number;
  videoBps: number;
  /** Whether it has reported a layout; if not, an even grid of all videos is assumed. */
  layoutTold: boolean;
  tiles: Array<TileDecision & { widthPx: number; heightPx: number; pinned: boolean }>;
  /** Videos that it subscribes to and that are held. */
  heldProducerIds: string[];
}
