import type { Layers } from '../types.ts';

/** Whether two give the same; to give nothing is the same as to say nothing. */
export function sameLayers(one: Layers | null | undefined, other: Layers | null | undefined): boolean {
  return one?.spatialLayer === other?.spatialLayer && one?.temporalLayer === other?.temporalLayer;
}
