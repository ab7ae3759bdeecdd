import type { CallQuality } from '../../contract/index.ts';
import type { LegStats } from '../media/index.ts';

/** The quality of a call's audio as it is now. Null before the phone's first packet. */
export function presentQuality(stats: LegStats): CallQuality | null {
  return qualityOf(stats, stats.lossFraction);
}

/** The same for the whole call, at its end. */
export function finalQuality(stats: LegStats): CallQuality | null {
  const { packetsReceived, packetsLost, packetsLate } = stats;
  const missed = packetsLost + packetsLate;
  const lossFraction = missed / Math.max(1, packetsReceived + packetsLost);
  return qualityOf(stats, Math.min(1, lossFraction));
}

function qualityOf(
  { packetsReceived, jitterMs, remoteLossFraction, roundTripMs }: LegStats,
  lossFraction: number,
): CallQuality | null {
  return packetsReceived === 0 ? null : { jitterMs, lossFraction, remoteLossFraction, roundTripMs };
}
