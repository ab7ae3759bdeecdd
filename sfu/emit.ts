import type { SfuEvents } from './types.ts';

/** Emits an event of the media plane, with plain data. */
export type Emit = <Name extends keyof SfuEvents>(name: Name, data: SfuEvents[Name][0]) => void;
