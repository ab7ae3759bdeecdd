/** From packets that arrive when they like to samples that are due now. */
export { Playout } from './playout.ts';
export { SampleQueue } from './sample-queue.ts';
