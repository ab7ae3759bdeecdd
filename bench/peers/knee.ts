import { MAX_ADDED_MS, MAX_LOSS_SHARE } from '../server-group/index.ts';
import type { Window } from './window.ts';

/**
 * What it no longer forwards, nobody may notice as loss. Of video, this share may be missing: packets are on their way at the ends of a window.
 * How many voices are forwarded depends on who speaks, so of them more may.
 */
export const MAX_MISSING_SHARE = { video: 0.03, voices: 0.3 };

type Measured = Pick<Window, 'packetsPerSecond' | 'copies' | 'lossShare' | 'delay'>;

/** Whether a server under a quota still does what it did without one. */
export function keepsUp(window: Measured, free: Measured, maxMissingShare: number): boolean {
  return (
    window.lossShare <= MAX_LOSS_SHARE &&
    1 - window.copies / free.copies <= maxMissingShare &&
    window.delay.p50Ms - free.delay.p50Ms <= MAX_ADDED_MS
  );
}

/** The first quota, and the largest and smallest, in relation to what the server needs without one. */
const FIRST = 1.2;
const MOST = 4;

export interface Knee {
  /** The smallest quota with which it kept up, in cores. */
  cores: number;
  /** What a whole core would forward. */
  packetsPerSecondPerCore: number;
}

/**
 * The smallest quota with which a server keeps up with a constant load. `measure` runs it under a quota, in cores. The first is a fifth more
 * than it needs without a quota; from there they shrink by `step` until one is too small, or grow until one is enough. Undefined if four
 * times what it needs is too small.
 */
export async function findKnee(
  free: Measured & Pick<Window, 'cores'>,
  measure: (cores: number) => Promise<Measured>,
  maxMissingShare: number,
  step = 0.93,
): Promise<Knee | undefined> {
  const tryWith = async (cores: number): Promise<Knee | undefined> => {
    const window = await measure(cores);
    return keepsUp(window, free, maxMissingShare)
      ? { cores, packetsPerSecondPerCore: window.packetsPerSecond / cores }
      : undefined;
  };
  let cores = free.cores * FIRST;
  let knee = await tryWith(cores);
  if (!knee) {
    while (!knee && cores / step < free.cores * MOST) {
      cores /= step;
      knee = await tryWith(cores);
    }
    return knee;
  }
  for (cores *= step; cores > free.cores / MOST; cores *= step) {
    const smaller = await tryWith(cores);
    if (!smaller) {
      break;
    }
    knee = smaller;
  }
  return knee;
}
