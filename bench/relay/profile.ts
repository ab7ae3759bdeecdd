/** Loss of single packets, each with the same probability. */
export interface RandomLoss {
  kind: 'random';
  /** Share of packets lost, 0 to 1. */
  share: number;
}

/**
 * Loss in bursts (Gilbert-Elliott): a two-state chain that advances with each packet. Its mean loss is
 * `lossGood·(1−b) + lossBad·b` with `b = goodToBad / (goodToBad + badToGood)`, its mean burst `1 / badToGood` packets.
 */
export interface BurstLoss {
  kind: 'burst';
  /** Probability per packet of going from the good to the bad state. */
  goodToBad: number;
  badToGood: number;
  /** Share lost in the good state. Default 0. */
  lossGood?: number;
  /** Share lost in the bad state. Default 1. */
  lossBad?: number;
}

/** What one direction of a network does to packets. Everything is optional: an empty profile is a perfect wire. */
export interface LinkProfile {
  /** Bottleneck rate in bits of UDP payload per second. Default: none. */
  rateBps?: number;
  /** Burst allowed after an idle time (token bucket), in bytes. Default 0: strictly paced. */
  burstBytes?: number;
  /** Tail drop when more than this waits at the bottleneck, in bytes. Default: unlimited. */
  queueBytes?: number;
  /** Tail drop when a packet would wait longer than this, in milliseconds. Default: unlimited. */
  queueMs?: number;
  /** Propagation delay, in milliseconds. Default 0. */
  delayMs?: number;
  /** Added to the delay, uniform in [0, jitterMs). Packets stay in order. Default 0. */
  jitterMs?: number;
  loss?: RandomLoss | BurstLoss;
  /** Share of packets that are held back by `reorderMs` while later ones overtake. Default 0. */
  reorderShare?: number;
  /** Default 20. */
  reorderMs?: number;
  /** Share of packets delivered twice. Default 0. */
  duplicateShare?: number;
}

/** From `atMs` on, this profile applies, replacing the previous one entirely. */
export interface ScheduleStep {
  /** Milliseconds after the start. */
  atMs: number;
  profile: LinkProfile;
}

export type Schedule = readonly ScheduleStep[];

/** The profile in force `elapsedMs` after the start; a perfect wire before the first step. */
export function profileAt(schedule: Schedule, elapsedMs: number): LinkProfile {
  let current: LinkProfile = {};
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const step of schedule) {
    if (step.atMs <= elapsedMs && step.atMs >= latestMs) {
      current = step.profile;
      latestMs = step.atMs;
    }
  }
  return current;
}
