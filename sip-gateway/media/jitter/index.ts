/** Jitter buffer and playout: from packets to a frame every 20 ms. */
export { Playout } from './playout.ts';
export { SampleQueue } from './sample-queue.ts';
