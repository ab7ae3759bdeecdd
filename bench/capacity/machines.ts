import type { Machine } from './sizing.ts';

/**
 * A core of an i7-7700K in relation to one of the measuring machine. PassMark's single-thread ratings are 2731 and 2893 (EPYC 9654, of
 * the same generation), a ratio of 0.94. Its kernel also spends more on each system call (page-table isolation).
 */
const I7_7700K = 0.9;

/** For which docs/sizing.md says what they carry. */
export const MACHINES: readonly Machine[] = [
  { name: '2 cores like ours, 100 Mbit/s', cores: 2, coreRatio: 1, linkMbps: 100 },
  { name: 'i7-7700K (4 cores), 100 Mbit/s', cores: 4, coreRatio: I7_7700K, linkMbps: 100 },
  { name: 'i7-7700K (4 cores), 1 Gbit/s', cores: 4, coreRatio: I7_7700K, linkMbps: 1000 },
  { name: '16 cores like ours, 1 Gbit/s', cores: 16, coreRatio: 1, linkMbps: 1000 },
];
