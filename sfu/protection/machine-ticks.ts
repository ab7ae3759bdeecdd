import { readFileSync } from 'node:fs';

/** CPU time of the whole machine since boot, in ticks summed over all cores (proc(5), /proc/stat). */
export interface MachineTicks {
  total: number;
  /** Time taken by the hypervisor for other guests. */
  stolen: number;
}

/** Reads /proc/stat; zeros if there is none. */
export function machineTicks(): MachineTicks {
  let line = '';
  try {
    line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  } catch {
    return { total: 0, stolen: 0 };
  }
  // user nice system idle iowait irq softirq steal; guest times are part of user.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return { total: ticks.reduce((sum, each) => sum + each, 0), stolen: ticks[7] ?? 0 };
}
