/** Messages between the generator and its peer processes. */
import type { DelayHistogram, InboundCounters, LinkCounters } from '../../client/node/index.ts';
import type { Scenario } from '../scenarios/index.ts';
import type { DecodeResult } from '../verify/index.ts';

/** One load peer to run. */
export interface PeerPlan {
  index: number;
  roomId: string;
  /** One-time invitation link for its identity. */
  invitation: string;
  talks: boolean;
  /** Whether one of its received streams is decoded. */
  decodes: boolean;
}

export type ToPeerProcess =
  /** Creates identities and loads clips ahead of joining. */
  | { type: 'prepare'; serverUrl: string; scenario: Scenario; peers: PeerPlan[] }
  | { type: 'join'; index: number }
  /** One peer leaves; it may join again. */
  | { type: 'part'; index: number }
  | { type: 'measure' }
  /** Counts now, and the delays since the last time. */
  | { type: 'count' }
  | { type: 'finish' }
  /** When all have finished. */
  | { type: 'leave' };

/** How long each stage of joining took a peer, in milliseconds. */
export interface JoinTimes {
  /** When it began, in milliseconds of `performance.now()`. */
  startedAtMs: number;
  /** Socket open and signed in. */
  connectMs: number;
  /** In the room. */
  joinMs: number;
  /** Own tracks known to the server and transport connected. */
  publishMs: number;
  /** From the start of joining to the first media packet from anyone; NaN for the first in a room. */
  firstMediaMs: number;
}

export interface PeerReport {
  index: number;
  roomId: string;
  join: JoinTimes | undefined;
  /** `firstMediaMs` of its earlier visits. */
  earlierFirstMediaMs: number[];
  error: string | undefined;
  /** Received streams at the end; for video, only those that it shows. */
  audioStreams: number;
  videoStreams: number;
  /** Those that never received a packet. */
  silentVideoStreams: number;
  /** Those that the server has paused at the end. */
  pausedVideoStreams: number;
  /** When each video that it shows received its first packet, in milliseconds of `performance.now()`. */
  firstPicturesAtMs: number[];
  /** Before measuring. */
  inboundBefore: InboundCounters;
  /** While measuring. */
  inbound: InboundCounters;
  /** Transports while measuring, RTP and RTCP before SRTP. */
  link: LinkCounters;
  jitterP95Ms: number;
  delay: ReturnType<DelayHistogram['toJSON']>;
  decoded: DecodeResult[];
}

/** What a peer process measures of itself every second. */
export interface ProcessSample {
  atMs: number;
  /** CPU time of the process, all threads, in seconds since its start. */
  cpuSeconds: number;
  rssBytes: number;
  receivedBytes: number;
  receivedPackets: number;
  sentBytes: number;
  sentPackets: number;
  lostPackets: number;
  packets: number;
  /** Those that received something. */
  videoStreams: number;
}

export type FromPeerProcess =
  | { type: 'prepared' }
  | { type: 'joined'; index: number; error?: string }
  | { type: 'parted'; index: number }
  | { type: 'sample'; sample: ProcessSample }
  | { type: 'counts'; sample: ProcessSample; delay: ReturnType<DelayHistogram['toJSON']> }
  | { type: 'report'; peers: PeerReport[]; cpuSeconds: number; wallSeconds: number }
  | { type: 'left' };
