/**
 * The plain data that crosses sfu/'s face. Nothing here holds a mediasoup object; everything passes structuredClone().
 */
import type { TileDecision } from './allocator/index.ts';

export type MediaKind = 'audio' | 'video';
/** Where media comes from. */
export type MediaSource = 'microphone' | 'camera' | 'screen' | 'screen-audio';
export type Direction = 'send' | 'recv';

/** One address that clients may reach the media workers by. */
export interface ListenAddress {
  /** Local IP address to bind. */
  ip: string;
  /** IP or host name put into ICE candidates; default `ip`. */
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

export interface IceCandidate {
  foundation: string;
  priority: number;
  address: string;
  ip: string;
  protocol: 'udp' | 'tcp';
  port: number;
  type: 'host' | 'srflx' | 'prflx' | 'relay';
  tcpType?: 'active' | 'passive' | 'so';
}

/** A client's DTLS parameters: one sha-256 fingerprint, checked before. */
export interface ClientDtlsParameters {
  role?: 'auto' | 'client' | 'server';
  fingerprints: Array<{ algorithm: 'sha-256'; value: string }>;
}

export interface ConsumerResult {
  consumerId: string;
  producerId: string;
  kind: MediaKind;
  rtpParameters: Record<string, unknown>;
  type: 'simple' | 'simulcast' | 'svc' | 'pipe';
  producerPaused: boolean;
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
  /** Whose voice and pictures belong together. Default: the peer. */
  participantId?: string;
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
  /** The most that it wants to receive, audio included, in bits a second. */
  maxBitrateBps?: number | undefined;
}

export type TransportState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

/** What the media plane tells, each event with one plain argument. */
export interface SfuEvents {
  /** A room's worker died or was killed: all media of the room is gone; openRoom() puts it on another worker. */
  roomlost: [{ roomId: string; workerId: string; reason: string }];
  workerdied: [{ workerId: string; pid: number; reason: string }];
  workerstarted: [{ workerId: string; pid: number }];
  /** The dominant speaker's producer changed; null when it closed. It stays the last one's until somebody else speaks. */
  speaker: [{ roomId: string; producerId: string | null }];
  /** A consumer closed because its producer did; not told for those closed by their owner. */
  consumerclosed: [{ roomId: string; peerId: string; consumerId: string }];
  consumerlayers: [{ roomId: string; peerId: string; consumerId: string; layers: Layers | null }];
  /** To its sender: whether anybody wants each spatial layer of a picture, lowest first. Told when it changes. */
  producerwanted: [{ roomId: string; peerId: string; producerId: string; spatialLayers: boolean[] }];
  /** What a receiver is given of the pictures that it shows: those that changed. */
  allocation: [
    { roomId: string; peerId: string; tiles: Array<Pick<TileDecision, 'producerId' | 'layers' | 'reason'>> },
  ];
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

/** Bytes that a room's transports have moved since it opened. */
export interface TrafficTotals {
  receivedBytes: number;
  sentBytes: number;
}
