import type { ReceiverDecision, TileDecision, VideoState } from './types.ts';

interface Consumer {
  points: VideoState['points'];
  most: NonNullable<TileDecision['layers']>;
  priority: number;
  /** Index in `points` of what it has; −1: nothing. */
  has: number;
}

/**
 * What the worker forwards of simulcast producers at a given estimate, by producer ID; absent: nothing. Mirrors its
 * Transport::DistributeAvailableOutgoingBitrate(): a first step for every consumer, then rounds of as many steps as a consumer's priority.
 * A step is one more temporal layer or, after the wanted ones, the next spatial layer at its lowest frame rate.
 */
export function forwarded(
  { tiles }: ReceiverDecision,
  videos: readonly VideoState[],
  availableBps: number,
): Map<string, VideoState['points'][number]> {
  const consumers = new Map<string, Consumer>();
  for (const { producerId, layers, priority } of tiles) {
    const video = videos.find((each) => each.producerId === producerId);
    if (video && layers) {
      const points = video.points.filter(({ temporalLayer }) => temporalLayer <= layers.temporalLayer);
      consumers.set(producerId, { points, most: layers, priority, has: -1 });
    }
  }
  const inTurn = [...consumers.values()].sort((a, b) => b.priority - a.priority);
  let leftBps = availableBps;
  const improve = (consumer: Consumer): boolean => {
    const next = consumer.points[consumer.has + 1];
    if (!next || next.spatialLayer > consumer.most.spatialLayer) {
      return false;
    }
    const moreBps = next.bitrateBps - (consumer.points[consumer.has]?.bitrateBps ?? 0);
    if (moreBps > leftBps) {
      return false;
    }
    leftBps -= moreBps;
    consumer.has++;
    return true;
  };
  for (const consumer of inTurn) {
    improve(consumer);
  }
  for (let improved = true; improved; ) {
    improved = false;
    for (const consumer of inTurn) {
      for (let step = 0; step < consumer.priority && improve(consumer); step++) {
        improved = true;
      }
    }
  }
  return new Map(
    [...consumers].flatMap(([producerId, { points, has }]) => {
      const point = points[has];
      return point ? [[producerId, point] as const] : [];
    }),
  );
}
