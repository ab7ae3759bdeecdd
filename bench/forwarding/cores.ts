import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The cores of a measurement: one for the worker, all others for the load. */
export interface Cores {
  worker: number;
  load: readonly number[];
}

/** Reserves a core for the worker, and moves this process to the others. Undefined with one core, or without taskset (util-linux). */
export function reserveCores(): Cores | undefined {
  const allowed = allowedCores();
  const [worker, ...load] = allowed;
  if (worker === undefined || load.length === 0 || !pin(process.pid, load)) {
    return undefined;
  }
  return { worker, load };
}

/** Gives this process all cores back that it had. */
export function releaseCores({ worker, load }: Cores): void {
  pin(process.pid, [worker, ...load]);
}

/** Keeps all threads of a process on these cores. Returns whether that worked. */
export function pin(pid: number, cores: readonly number[]): boolean {
  return spawnSync('taskset', ['-a', '-c', '-p', cores.join(','), `${pid}`]).status === 0;
}

/** The cores that this process may use, lowest first. */
function allowedCores(): number[] {
  const { status, stdout } = spawnSync('taskset', ['-c', '-p', `${process.pid}`], { encoding: 'utf8' });
  if (status !== 0) {
    return Array.from({ length: availableParallelism() }, (_, core) => core);
  }
  const list = stdout.slice(stdout.lastIndexOf(':') + 1).trim();
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
