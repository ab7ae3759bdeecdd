import type { ReceiverDecision, VideoDecision, VideoState } from './types.ts';

/**
 * Which spatial layers of each video producer are wanted, according to these decisions. (Layers still being forwarded must also continue,
 * but are not known here.) With simulcast, the lowest layer is sent as long as anybody is watching: receivers fall back on it when their
 * estimates drop, and while a resumed layer is not yet usable (2 s with mediasoup). With SVC, every layer needs those below it.
 */
export function wantedLayers(videos: VideoState[], receivers: ReceiverDecision[]): VideoDecision[] {
  const given = new Map<string, Set<number>>();
  const awaited = new Map<string, Set<number>>();
  for (const { tiles } of receivers) {
    for (const { producerId, layers, awaits } of tiles) {
      if (awaits.length > 0) {
        awaited.set(producerId, new Set([...(awaited.get(producerId) ?? []), ...awaits]));
      }
      if (!layers) {
        continue;
      }
      const layersGiven = given.get(producerId) ?? new Set();
      given.set(producerId, layersGiven.add(layers.spatialLayer));
    }
  }
  return videos.map(({ producerId, points, svc }) => {
    const count = 1 + Math.max(-1, ...points.map(({ spatialLayer }) => spatialLayer));
    const layersGiven = given.get(producerId);
    const highest = layersGiven ? Math.max(...layersGiven) : -1;
    const lowest = points[0]?.spatialLayer ?? 0;
    const spatialLayers = Array.from({ length: count }, (_, layer) => {
      if (!layersGiven) {
        return false;
      }
      return svc ? layer <= highest : layer === lowest || layersGiven.has(layer);
    });
    return { producerId, spatialLayers, awaited: [...(awaited.get(producerId) ?? [])] };
  });
}
