/** Messages between the benchmark and its load processes. */
import type { DelayHistogram } from '../../../client/node/index.ts';
import type { ClipName } from '../../clips/index.ts';
import type { Access } from '../load-client.ts';
import type { Variant } from '../systems.ts';

/** Resolution of delays: up to 50 ms are told apart. */
export const DELAY_BUCKET_MS = 0.05;

/** One person to be. */
export interface Person {
  name: string;
  room: string;
  /** What it sends. */
  clips: Array<{ clip: ClipName; kbps?: number }>;
  watches: boolean;
}

export type ToLoadProcess =
  | { type: 'prepare'; variant: Variant; access: Access; people: Person[]; delayMs: number }
  | { type: 'enter'; name: string }
  | { type: 'watch'; name: string }
  | { type: 'read' }
  | { type: 'leave'; name: string };

/** What a process has counted so far; the delays since it was last read. */
export interface LoadCounts {
  cpuSeconds: number;
  sentPackets: number;
  packets: number;
  /** RTP payload. */
  bytes: number;
  lostPackets: number;
  repairedPackets: number;
  duplicatePackets: number;
  /** Streams that have received something, and all. */
  flowing: number;
  streams: number;
  delay: ReturnType<DelayHistogram['toJSON']>;
  /** Per person, when its first packet came after it began to enter, in milliseconds. */
  firstPacketMs: Record<string, number>;
  /** SRTP profiles that servers chose, where a relay could see it. */
  srtpProfiles: number[];
}

export type FromLoadProcess = { type: 'done'; error?: string } | { type: 'counts'; counts: LoadCounts };
