import { MAX_ADDED_MS, MAX_LOSS_SHARE } from '../server-group/index.ts';
import type { LoadWindow } from './growing-load.ts';

/** Above this share of a core, a process of the load is the bottleneck itself. */
const MAX_LOAD_SHARE = 0.7;
/** A server that uses this share of its quota has nothing left. */
const MAX_QUOTA_SHARE = 0.97;

/** What ended the growth. `load`: the load generator, not the server, so there may be more. */
export type Limit = 'loss' | 'delay' | 'cpu' | 'streams' | 'load';

/** A server with so many units (rooms, phones) for some seconds. */
export interface Window extends LoadWindow {
  /** Cores that all its processes used. */
  cores: number;
  /** Of these, by Node. */
  nodeCores: number;
  /** Growth of the server's memory since it was empty. */
  memoryBytes: number;
  stealShare: number;
}

export interface Step {
  units: number;
  window: Window;
  /** Undefined while the server keeps up. */
  limit: Limit | undefined;
}

/**
 * Raises the number of units until the server no longer keeps up. `measure` runs it with so many, under a quota of `cores`. The closer it comes
 * to the quota, the smaller the steps.
 */
export async function growToKnee(
  measure: (units: number) => Promise<Window>,
  { cores, from = 1 }: { cores: number; from?: number },
): Promise<Step[]> {
  const steps: Step[] = [];
  for (let units = from; ; ) {
    const window = await measure(units);
    const limit = limitOf(window, steps[0]?.window ?? window, cores);
    steps.push({ units, window, limit });
    if (limit) {
      return steps;
    }
    units += nextStep(units, window.cores, cores);
  }
}

/** The last step at which the server kept up. */
export function kneeOf(steps: readonly Step[]): Step | undefined {
  return steps.findLast(({ limit }) => limit === undefined);
}

function limitOf(window: Window, first: Window, cores: number): Limit | undefined {
  // Of a load that is its own limit, nothing else is known.
  if (window.busiestLoad > MAX_LOAD_SHARE) {
    return 'load';
  }
  if (window.lossShare > MAX_LOSS_SHARE) {
    return 'loss';
  }
  if (window.delay.p50Ms - first.delay.p50Ms > MAX_ADDED_MS) {
    return 'delay';
  }
  if (!window.complete) {
    return 'streams';
  }
  return window.cores > MAX_QUOTA_SHARE * cores ? 'cpu' : undefined;
}

/** Half the way to where the quota would be used up, and a twentieth at least. */
function nextStep(units: number, used: number, cores: number): number {
  const left = (units * cores) / used - units;
  return Math.max(1, Math.round(units / 20), Math.floor(left / 2));
}
