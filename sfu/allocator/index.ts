/** Who receives which layers of which pictures: a pure function. */
export type * from './types.ts';
