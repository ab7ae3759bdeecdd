import { readFileSync } from 'node:fs';
import { processTime } from '../forwarding/index.ts';
import type { ServerGroup } from './server-group.ts';

export interface ServerUsage {
  /** CPU time in seconds, of all processes and of Node's among them. */
  cpu: { total: number; node: number };
  rssBytes: number;
}

/** What a server's processes have used so far. */
export async function serverUsage(group: ServerGroup): Promise<ServerUsage> {
  const usage: ServerUsage = { cpu: { total: 0, node: 0 }, rssBytes: 0 };
  for (const pid of await group.pids()) {
    try {
      const { total } = processTime(pid);
      const program = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0', 1)[0] ?? '';
      usage.cpu.total += total;
      usage.cpu.node += /\bnode$/.test(program) ? total : 0;
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      usage.rssBytes += Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      // It has ended.
    }
  }
  return usage;
}
