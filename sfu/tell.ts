import type { SfuEvents } from './types.ts';

/** How the objects inside report upwards: each event once, with plain data. */
export type Tell = <Name extends keyof SfuEvents>(name: Name, data: SfuEvents[Name][0]) => void;
