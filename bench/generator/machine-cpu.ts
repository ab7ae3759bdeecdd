import { readFileSync } from 'node:fs';

/** CPU time of the whole machine since it started, in ticks of all cores. */
export interface CpuTimes {
  total: number;
  idle: number;
  /** Stolen by the hypervisor. */
  steal: number;
}

/** Reads /proc/stat; undefined values count as 0 (as on systems other than Linux). */
export function machineCpu(): CpuTimes {
  let line = '';
  try {
    line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  } catch {
    return { total: 0, idle: 0, steal: 0 };
  }
  // user nice system idle iowait irq softirq steal; guest times are part of user.
  const times = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return {
    total: times.reduce((sum, time) => sum + time, 0),
    idle: (times[3] ?? 0) + (times[4] ?? 0),
    steal: times[7] ?? 0,
  };
}
