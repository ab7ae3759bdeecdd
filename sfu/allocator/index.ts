/** Who receives which layers of which videos: a pure function. */
export { allocate } from './allocate.ts';
export type * from './types.ts';
