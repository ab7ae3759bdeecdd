/** What the generator and its peer processes tell each other. */
import type { DelayHistogram, InboundCounters, LinkCounters } from '../../client/node/index.ts';
import type { Scenario } from '../scenarios/index.ts';
import type { DecodeResult } from '../verify/index.ts';

/** One load peer to run. */
export interface PeerPlan {
  index: number;
  roomId: string;
  /** One-time link that makes its identity. */
  invitation: string;
  talks: boolean;
  /** Whether one of its received streams is decoded. */
  decodes: boolean;
}

export type ToPeerProcess =
  /** Makes identities and loads clips, so that joining costs nothing else. */
  | { type: 'prepare'; serverUrl: string; scenario: Scenario; peers: PeerPlan[] }
  | { type: 'join'; index: number }
  /** One leaves, who may join again. */
  | { type: 'part'; index: number }
  | { type: 'measure' }
  | { type: 'finish' }
  /** When all have finished. */
  | { type: 'leave' };

/** How long each stage of joining took a peer, in milliseconds. */
export interface JoinTimes {
  /** When it began, in milliseconds of the clock. */
  startedAtMs: number;
  /** Socket open and signed in. */
  connectMs: number;
  /** In the room. */
  joinMs: number;
  /** Own tracks known to the server, transport connected. */
  publishMs: number;
  /** From the start of joining to the first media packet of anybody; NaN for the first in a room. */
  firstMediaMs: number;
}

export interface PeerReport {
  index: number;
  roomId: string;
  join: JoinTimes | undefined;
  error: string | undefined;
  /** Received streams at the end; of pictures those that it shows. */
  audioStreams: number;
  videoStreams: number;
  /** Those that never brought a packet. */
  silentVideoStreams: number;
  /** Those that the server pauses at the end. */
  pausedVideoStreams: number;
  /** When the pictures that it shows brought their first packets, in milliseconds of the clock. */
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

/** What a peer process sees of itself, a second. */
export interface ProcessSample {
  atMs: number;
  /** CPU time of the process, all threads, in seconds since its start. */
  cpuSeconds: number;
  rssBytes: number;
  receivedBytes: number;
  sentBytes: number;
  lostPackets: number;
  packets: number;
  /** That brought something. */
  videoStreams: number;
}

export type FromPeerProcess =
  | { type: 'prepared' }
  | { type: 'joined'; index: number; error?: string }
  | { type: 'parted'; index: number }
  | { type: 'sample'; sample: ProcessSample }
  | { type: 'report'; peers: PeerReport[]; cpuSeconds: number; wallSeconds: number }
  | { type: 'left' };
