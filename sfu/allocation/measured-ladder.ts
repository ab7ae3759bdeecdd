import type { OperatingPoint } from '../allocator/index.ts';
import type { ExpectedLadder } from './expected-ladder.ts';

/** Measurement of one incoming stream: a simulcast encoding, or a whole SVC stream. */
export interface StreamMeasurement {
  /** Index of its encoding. */
  index: number;
  /** All layers together, in bits per second. */
  bitrateBps: number;
  /** Cumulative bitrate by layer (`spatial.temporal`), in bits per second; empty if there is only one layer. */
  bitrateByLayerBps: Readonly<Record<string, number>>;
  packetsPerSecond: number;
}

/**
 * Weight of a measurement below the previous one. Encoder bitrates fluctuate, so a layer that is cheap for a moment may not stay so; and
 * the measurement window of a layer that has just restarted includes the time before.
 */
const FALL_SHARE = 0.3;

/**
 * The operating points after a measurement. A layer being sent has its measured bitrate; any other keeps its last measured, or else its
 * expected, bitrate.
 * @param before - the points after the previous measurement, if any
 * @param requested - whether the sender was asked to send each spatial layer, lowest first; the bitrate of a layer that is stopping is ignored
 */
export function measuredPoints(
  ladder: Pick<ExpectedLadder, 'svc' | 'keyOnly' | 'points'>,
  before: readonly OperatingPoint[] | null,
  streams: readonly StreamMeasurement[],
  requested: readonly boolean[],
): OperatingPoint[] {
  return ladder.points.map((expected, place) => {
    const earlier = before?.[place] ?? expected;
    const stream = streams.find(({ index }) => index === (ladder.svc ? 0 : expected.spatialLayer));
    const measuredBps = stream ? rateOf(stream, ladder, expected) : 0;
    if (!stream || measuredBps === 0) {
      return { ...earlier, sent: false };
    }
    if (!requested[expected.spatialLayer]) {
      return { ...earlier, sent: true };
    }
    const settling = before !== null && measuredBps < earlier.bitrateBps;
    const bitrateBps = Math.round(
      settling ? earlier.bitrateBps + (measuredBps - earlier.bitrateBps) * FALL_SHARE : measuredBps,
    );
    const packetsPerSecond = Math.max(
      expected.framesPerSecond,
      stream.packetsPerSecond * Math.min(1, measuredBps / stream.bitrateBps),
    );
    return { ...expected, bitrateBps, packetsPerSecond, sent: true };
  });
}

/** The bitrate a receiver of this point gets, in bits per second; 0: its spatial layer is not being sent. */
function rateOf(
  stream: StreamMeasurement,
  { svc, keyOnly }: Pick<ExpectedLadder, 'svc' | 'keyOnly'>,
  { spatialLayer, temporalLayer }: OperatingPoint,
): number {
  // Packets of a simulcast stream are all in spatial layer 0.
  const spatial = svc ? spatialLayer : 0;
  const layers = stream.bitrateByLayerBps;
  if (Object.keys(layers).length === 0) {
    return stream.bitrateBps;
  }
  // A missing temporal layer is measured as 0; the lower ones are then the whole stream.
  let rate = 0;
  for (let temporal = temporalLayer; temporal >= 0 && rate === 0; temporal--) {
    rate = layers[`${spatial}.${temporal}`] ?? 0;
  }
  if (!keyOnly || spatial === 0 || rate === 0) {
    return rate;
  }
  const below = Object.entries(layers)
    .filter(([name]) => name.startsWith(`${spatial - 1}.`))
    .map(([, lowerBps]) => lowerBps);
  return Math.max(1, rate - Math.max(0, ...below));
}
