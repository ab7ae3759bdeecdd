import { readFileSync } from 'node:fs';

/** USER_HZ, the unit of times in /proc, the same on every Linux. */
const TICKS_PER_SECOND = 100;

/** CPU time of a process since its start, of all threads, user and system, in seconds. Linux only. */
export function processCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
