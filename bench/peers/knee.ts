import { MAX_ADDED_MS, MAX_LOSS_SHARE } from '../server-group/index.ts';
import type { Window } from './window.ts';

/** What it no longer forwards, nobody may notice as loss. Larger, because of the packets that are on their way at the ends of a window. */
const MAX_MISSING_SHARE = 0.03;

type Measured = Pick<Window, 'packetsPerSecond' | 'copies' | 'lossShare' | 'delay'>;

/** Whether a server under a quota still does what it did without one. */
export function keepsUp(window: Measured, free: Measured): boolean {
  return (
    window.lossShare <= MAX_LOSS_SHARE &&
    1 - window.copies / free.copies <= MAX_MISSING_SHARE &&
    window.delay.p50Ms - free.delay.p50Ms <= MAX_ADDED_MS
  );
}

export interface Knee {
  /** The smallest quota with which it kept up, in cores. */
  cores: number;
  /** What a whole core would forward. */
  packetsPerSecondPerCore: number;
}

/**
 * The smallest quota with which a server keeps up with a constant load. `measure` runs it under a quota, in cores; each is smaller than the
 * one before by `step`. Undefined if even the first, a fifth more than it needs without a quota, is too small.
 */
export async function findKnee(
  free: Measured & Pick<Window, 'cores'>,
  measure: (cores: number) => Promise<Measured>,
  step = 0.93,
): Promise<Knee | undefined> {
  let knee: Knee | undefined;
  for (let cores = free.cores * 1.2; cores > free.cores / 4; cores *= step) {
    const window = await measure(cores);
    if (!keepsUp(window, free)) {
      break;
    }
    knee = { cores, packetsPerSecondPerCore: window.packetsPerSecond / cores };
  }
  return knee;
}
