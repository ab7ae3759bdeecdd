/**
 * The plain data that crosses sfu/'s face. Nothing here holds a mediasoup object; everything passes structuredClone().
 */
import type { ErrorBody } from '../base/errors/index.ts';
import type { IceCandidate, MediaKind, MediaSource, ProducerInfo } from '../contract/index.ts';
import type { OperatingPoint, PictureDecision, PictureSource, TileDecision } from './allocator/index.ts';
import type { StressLevel } from './protection/index.ts';

export type { ClientDtlsParameters } from '../contract/index.ts';
export type { IceCandidate, MediaKind, MediaSource, ProducerInfo, StressLevel };
export type Direction = 'send' | 'recv';

/** One address that clients may reach the media workers by. */
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

/** An IP address and a UDP port. */
export interface Endpoint {
  address: string;
  port: number;
}

/** Where a bridge sends to, or receives from. */
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

/** What became of subscribing to several producers at once. */
export interface ConsumersResult {
  consumers: ConsumerResult[];
  /** The producers that could not be subscribed to, and why. */
  failed: Array<{ producerId: string; error: ErrorBody }>;
}

export interface Layers {
  spatialLayer: number;
  temporalLayer?: number;
}

/** What somebody begins to send. */
export interface ProduceOptions {
  transportId: string;
  kind: MediaKind;
  rtpParameters: unknown;
  paused: boolean;
  /** Default: microphone or camera, by kind. */
  source?: MediaSource;
  /** Whose voice and pictures belong together. Default: the peer. A participant that is named sends one voice from each source. */
  participantId?: string;
  /** The speaker: at most one microphone per speaker is forwarded at a time. Default: the participant. */
  speakerId?: string;
  /** How many producers the peer may have with this one. Default: any number. */
  maxProducers?: number;
}

/** What a receiver shows. Pictures not named are off its screen. */
export interface Layout {
  tiles: Array<{
    producerId: string;
    /** Size on the screen, in device pixels. */
    width: number;
    height: number;
    /** Chosen by the person who looks. */
    pinned: boolean;
  }>;
  /** The most that it wants to receive, audio included, in bits per second. */
  maxBitrateBps?: number | undefined;
}

export type TransportState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

/** Events of the media plane, each with one plain argument. */
export interface SfuEvents {
  /** A room's worker died or was killed: all media of the room is gone; openRoom() puts it on another worker. */
  roomlost: [{ roomId: string; workerId: string; reason: string }];
  workerdied: [{ workerId: string; pid: number; reason: string }];
  workerstarted: [{ workerId: string; pid: number }];
  /** The dominant speaker's producer changed; null when it closed. It stays the last one's until somebody else speaks. */
  speaker: [{ roomId: string; producerId: string | null }];
  /** A producer can be consumed; emitted just before produce() is answered. */
  produceropened: [{ roomId: string; peerId: string; producer: ProducerInfo }];
  /** A producer was paused or resumed, whoever did it. */
  producerpaused: [{ roomId: string; peerId: string; producerId: string; paused: boolean }];
  /** A producer closed, whoever closed it: by itself, or with its participant, transport or peer. */
  producerclosed: [{ roomId: string; peerId: string; producerId: string }];
  /** A transport closed: by itself, or with its peer. */
  transportclosed: [{ roomId: string; peerId: string; transportId: string }];
  /** A consumer closed because its producer did; not told for those closed by their owner. */
  consumerclosed: [{ roomId: string; peerId: string; consumerId: string }];
  /** The layers that a consumer forwards now, emitted at most five times per second. */
  consumerlayers: [{ roomId: string; peerId: string; consumerId: string; layers: Layers | null }];
  /** To its sender: whether anybody wants each spatial layer of a picture, lowest first. Emitted when it changes. */
  producerwanted: [{ roomId: string; peerId: string; producerId: string; spatialLayers: boolean[] }];
  /** What a receiver is given of the pictures that it shows: those that changed. */
  allocation: [
    { roomId: string; peerId: string; tiles: Array<Pick<TileDecision, 'producerId' | 'layers' | 'reason'>> },
  ];
  /** Metrics of a decision: how long it took, and for how many rooms. */
  allocated: [{ durationMs: number; rooms: number }];
  transportstate: [{ roomId: string; peerId: string; transportId: string; state: TransportState }];
  /** The remote DTLS certificate after connecting, PEM, for audit: its digest equals the fingerprint that was given. */
  dtlsconnected: [{ roomId: string; peerId: string; transportId: string; remoteCertificate: string }];
}

/** Numbers of live objects of each kind. After everybody has left, all but `workers` and `webRtcServers` are 0. */
export interface SfuGauges {
  workers: number;
  webRtcServers: number;
  routers: number;
  transports: number;
  /** Between workers that share a room. */
  pipeTransports: number;
  producers: number;
  consumers: number;
  /** One a room, and on it one consumer for each microphone, by which levels are read. */
  levelTransports: number;
  levelTaps: number;
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

/** How loaded the media plane is. */
export interface SfuLoad {
  workers: Array<{
    workerId: string;
    /** What it uses of a core, 0 to 1, over 5 s, of the time that the hypervisor does not steal; null: not known yet. */
    cpuShare: number | null;
    /** How much is saved for want of CPU: 0 nothing, 1 frame rate, 2 resolution too, 3 the number of pictures too. */
    stressLevel: StressLevel;
  }>;
  /** What of the machine's time the hypervisor takes for others, 0 to 1. */
  stealShare: number;
  /** Currently allocated egress bitrate, audio included, in bits per second. */
  egressBps: number;
  /** Maximum egress bitrate, in bits per second; null: not guarded. */
  linkBps: number | null;
  /** Consumers that are held back. */
  heldConsumers: number;
}

/** Bytes that a room's transports have moved since it opened. */
export interface TrafficTotals {
  receivedBytes: number;
  sentBytes: number;
}

/** What was decided for a room last, and from what. */
export interface RoomExplanation {
  roomId: string;
  pictures: PictureExplanation[];
  receivers: ReceiverExplanation[];
}

export interface PictureExplanation {
  producerId: string;
  /** Its sender. */
  peerId: string;
  source: PictureSource;
  paused: boolean;
  speaking: boolean;
  /** Null: its sender has not spoken yet. */
  lastSpokeSecondsAgo: number | null;
  /** What its layers take. */
  points: OperatingPoint[];
  /** What its sender was told last. */
  wantedSpatialLayers: PictureDecision['spatialLayers'];
  /** Layers that the sender was asked for in vain. */
  missingSpatialLayers: number[];
}

export interface ReceiverExplanation {
  peerId: string;
  budgetBps: number;
  /** What its bandwidth estimation allows; null: not known, or no less than it may be sent. */
  estimateBps: number | null;
  audioBps: number;
  maxOutgoingBps: number;
  videoBps: number;
  /** Whether it has said what it shows; else all pictures in an even grid are assumed. */
  layoutTold: boolean;
  tiles: Array<TileDecision & { widthPx: number; heightPx: number; pinned: boolean }>;
  /** Pictures that it subscribed to and gets nothing of. */
  heldProducerIds: string[];
}
