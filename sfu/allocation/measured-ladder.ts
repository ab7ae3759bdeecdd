import type { OperatingPoint } from '../allocator/index.ts';
import type { Ladder } from './ladder.ts';

/** What is measured of one incoming stream: of one encoding, or of a whole SVC stream. */
export interface StreamMeasurement {
  /** Place of its encoding. */
  index: number;
  /** Of all its layers, in bits a second. */
  bitrateBps: number;
  /** By layer, as `spatial.temporal`, the lower ones included; empty where there is one layer only. In bits a second. */
  bitrateByLayerBps: Readonly<Record<string, number>>;
  packetsPerSecond: number;
}

/**
 * How fast a rate that falls is believed: rates of encoders swing, and a layer that seems cheap for a moment is not; one that began again
 * is measured over the time before it began too.
 */
const FALL_SHARE = 0.3;

/**
 * The operating points after a measurement: what is sent at what it takes; what is not at what it took when it was sent, else
 * at what was expected.
 * @param before - those of the last measurement, if there was one.
 * @param told - whether its sender was told to send each spatial layer, lowest first: what one takes that is ending says nothing.
 */
export function measuredPoints(
  ladder: Pick<Ladder, 'svc' | 'keyOnly' | 'points'>,
  before: readonly OperatingPoint[] | null,
  streams: readonly StreamMeasurement[],
  told: readonly boolean[],
): OperatingPoint[] {
  return ladder.points.map((expected, place) => {
    const earlier = before?.[place] ?? expected;
    const stream = streams.find(({ index }) => index === (ladder.svc ? 0 : expected.spatialLayer));
    const measuredBps = stream ? rateOf(stream, ladder, expected) : 0;
    if (!stream || measuredBps === 0) {
      return { ...earlier, sent: false };
    }
    if (!told[expected.spatialLayer]) {
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

/** What a receiver of a point gets of a stream; 0: its spatial layer is not sent. */
function rateOf(
  stream: StreamMeasurement,
  { svc, keyOnly }: Pick<Ladder, 'svc' | 'keyOnly'>,
  { spatialLayer, temporalLayer }: OperatingPoint,
): number {
  // In a stream of simulcast the layer of its packets is 0.
  const spatial = svc ? spatialLayer : 0;
  const layers = stream.bitrateByLayerBps;
  if (Object.keys(layers).length === 0) {
    return stream.bitrateBps;
  }
  // A temporal layer that does not exist is measured as 0: then the lower ones are the whole.
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
