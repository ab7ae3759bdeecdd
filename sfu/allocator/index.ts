/** Who receives which layers of which videos: a pure function. */
export { allocate } from './allocate.ts';
export { compareIds, spokeAtMs } from './ranking.ts';
export type * from './types.ts';
