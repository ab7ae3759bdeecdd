import { readdirSync, readFileSync } from 'node:fs';

/** Ticks per second in /proc, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU time that a process has used, in seconds. */
export interface ProcessTime {
  /** To the nanosecond, from the scheduler. */
  total: number;
  /** In ticks of 10 ms: exact enough for a share over seconds. */
  user: number;
  system: number;
}

/** Reads /proc of a process with all its threads. @throws {Error} it has ended, or this is not Linux */
export function processTime(pid: number): ProcessTime {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    // Time on the CPU, time waiting for it, slices.
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
  }
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may contain spaces. After it: state, …; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    total: nanoseconds / 1e9,
    user: Number(fields[11]) / TICKS_PER_SECOND,
    system: Number(fields[12]) / TICKS_PER_SECOND,
  };
}
