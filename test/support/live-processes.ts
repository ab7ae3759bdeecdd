import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TestServer } from './server.ts';
import { eventually } from './wait.ts';

/** Process id of the broadcaster that runs now, or ran last. */
export function broadcasterPid({ log }: TestServer): number {
  return Number([...log.matchAll(/"childPid":(\d+)[^\n]*broadcaster started/g)].at(-1)?.[1]);
}

/** Process id of the only compositor of a server whose stream flows. */
export async function compositorPid(server: TestServer): Promise<number> {
  const [pid] = await eventually(
    'one compositor',
    () => childrenOf(broadcasterPid(server)),
    (pids) => pids.length === 1,
  );
  return Number(pid);
}

export function childrenOf(pid: number): number[] {
  try {
    const output = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
    return output.split('\n').filter(Boolean).map(Number);
  } catch {
    // It has none.
    return [];
  }
}

/** Whether a process runs. One that has ended, and that nobody has waited for, does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}
