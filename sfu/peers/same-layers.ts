import type { Layers } from '../types.ts';

/** Whether two layer settings are equal; null and undefined are equivalent. */
export function sameLayers(one: Layers | null | undefined, other: Layers | null | undefined): boolean {
  return one?.spatialLayer === other?.spatialLayer && one?.temporalLayer === other?.temporalLayer;
}
