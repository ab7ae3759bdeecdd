/** How well a person's media arrives, or this user's is sent; judged from statistics over a few seconds. Pure functions. */

export type Quality = 'good' | 'fair' | 'poor' | 'none';

/** Why quality is not good, most important first. */
export type QualityCause =
  /** Media does not get through at all. */
  | 'blocked'
  /** Packets are lost or late on the way from the server to this client, or from this client to the server. */
  | 'loss'
  | 'jitter'
  | 'delay'
  /** The network between this client and the server carries too little. */
  | 'bandwidth'
  /** The sender's network or machine provides too little. */
  | 'sender'
  /** This machine cannot encode more. */
  | 'cpu'
  /** The server saves bandwidth or CPU. */
  | 'server';

export interface Verdict {
  quality: Quality;
  cause?: QualityCause;
}

export interface LinkSample {
  /** False while media does not get through. */
  connected: boolean;
  /** Share of packets lost, 0 to 1. */
  lossShare: number;
  jitterMs: number;
  /** Undefined: not known. */
  roundTripMs?: number | undefined;
  /** What limits the video, if anything. */
  limit?: 'bandwidth' | 'sender' | 'cpu' | 'server' | undefined;
  /** Whether that limit leaves no video at all. */
  withoutVideo?: boolean;
}

/** From these values on, quality is fair, and poor. Opus conceals a few percent; people notice a delay of 300 ms each way. */
const LOSS = { fair: 0.02, poor: 0.08 };
const JITTER_MS = { fair: 40, poor: 100 };
const ROUND_TRIP_MS = { fair: 300, poor: 600 };

export function judgeLink(sample: LinkSample): Verdict {
  const { connected, lossShare, jitterMs, roundTripMs = 0, limit, withoutVideo = false } = sample;
  if (!connected) {
    return { quality: 'none', cause: 'blocked' };
  }
  const verdicts: Array<[QualityCause, Quality]> = [
    ['loss', grade(lossShare, LOSS)],
    ['jitter', grade(jitterMs, JITTER_MS)],
    ['delay', grade(roundTripMs, ROUND_TRIP_MS)],
    ...(limit ? [[limit, withoutVideo ? 'poor' : 'fair'] as [QualityCause, Quality]] : []),
  ];
  for (const quality of ['poor', 'fair'] as const) {
    const found = verdicts.find(([, each]) => each === quality);
    if (found) {
      return { quality, cause: found[0] };
    }
  }
  return { quality: 'good' };
}

function grade(value: number, { fair, poor }: { fair: number; poor: number }): Quality {
  return value >= poor ? 'poor' : value >= fair ? 'fair' : 'good';
}

/** Counters of a stream at a time. */
export interface Counters {
  atMs: number;
  packets: number;
  lostPackets: number;
  bytes: number;
}

/** Loss and bitrate between two readings; undefined without time between them, or if the stream is another one. */
export function between(
  before: Counters | undefined,
  now: Counters,
): { lossShare: number; bitrateBps: number; packets: number } | undefined {
  const elapsedMs = before ? now.atMs - before.atMs : 0;
  if (!before || elapsedMs <= 0 || now.packets < before.packets || now.bytes < before.bytes) {
    return undefined;
  }
  const packets = now.packets - before.packets;
  // Late packets count as received after all, so this may fall.
  const lost = Math.max(0, now.lostPackets - before.lostPackets);
  return {
    packets,
    lossShare: packets + lost > 0 ? lost / (packets + lost) : 0,
    bitrateBps: ((now.bytes - before.bytes) * 8 * 1000) / elapsedMs,
  };
}
