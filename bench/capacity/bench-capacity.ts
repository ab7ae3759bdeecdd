import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendFloor } from '../forwarding/index.ts';
import { type CpuTimes, machineCpu } from '../generator/index.ts';
import { printSummary, type Summary, writeFiguresReport } from '../report/index.ts';
import { ServerGroup, serverUsage } from '../server-group/index.ts';
import { growToKnee, type Step, type Window } from './grow-to-knee.ts';
import type { GrowingLoad } from './growing-load.ts';
import { type CapacityKind, ROOMS } from './kinds.ts';
import { type CapacityRun, capacityReport, type KindResult, limitText } from './report.ts';
import { sizingOf } from './sizing.ts';

/** Name and description, for the list of scenarios. */
export const CAPACITY = {
  name: 'capacity',
  description: 'How many rooms of 5, 10 and 25, and how many phones, a server carries; what each costs.',
} as const;

export interface CapacityOptions {
  /** Kinds, comma-separated. Default: all. */
  only?: string | undefined;
  /** What all processes of the server may use, in cores. Default: a quarter of the machine, at least half a core. */
  cores?: number | undefined;
  /** Duration of each measurement, in seconds. Default 8. */
  seconds?: number | undefined;
  /** Phones, which need a gateway. */
  phones?: CapacityKind;
  /** Where the report goes. Default `bench-results`. */
  outDir?: string | undefined;
}

/** Below it, the kernel's smallest quota needs a period of more than 2 ms, which would stall the server for longer. */
const MIN_CORES = 0.5;
const DEFAULT_SECONDS = 8;
/** Until key frames, estimates and layers have settled. */
const SETTLE_MS = 8000;
/** Until a quota shows. */
const QUOTA_SETTLE_MS = 2000;

/** Measures each kind in turn, and rewrites the report after it. @throws {TypeError} wrong options. @throws {SystemUnavailable} */
export async function benchCapacity(
  options: CapacityOptions,
  write: (line: string) => void,
): Promise<{ summary: Summary; run: CapacityRun }> {
  const all = [...ROOMS, ...(options.phones ? [options.phones] : [])];
  const wanted = options.only?.split(',') ?? all.map(({ name }) => name);
  const unknown = wanted.find((name) => !all.some((kind) => kind.name === name));
  if (unknown !== undefined) {
    throw new TypeError(`There is no ${unknown} here; known: ${all.map(({ name }) => name).join(', ')}.`);
  }
  const { cores = Math.max(MIN_CORES, availableParallelism() / 4), seconds = DEFAULT_SECONDS } = options;
  if (!(cores >= MIN_CORES && seconds >= 1)) {
    throw new TypeError(`--cores must be at least ${MIN_CORES}, and --seconds at least 1`);
  }
  write(`${CAPACITY.name}: ${CAPACITY.description}`);
  const outDir = options.outDir ?? 'bench-results';
  const run: CapacityRun = {
    startedAt: new Date(),
    cores,
    results: [],
    machine: { before: machineCpu(), after: machineCpu() },
  };
  let summary: Summary | undefined;
  for (const kind of all.filter(({ name }) => wanted.includes(name))) {
    run.results.push(await measureKind(kind, { cores, seconds }, write));
    run.machine.after = machineCpu();
    const report = capacityReport(run);
    const { startedAt } = run;
    summary = await writeFiguresReport({ ...CAPACITY, startedAt, measured: run, ...report }, outDir);
    await mkdir(outDir, { recursive: true });
    await writeFile(path.join(outDir, 'sizing.json'), `${JSON.stringify(sizingOf(run), null, 2)}\n`);
  }
  if (!summary) {
    throw new TypeError('--only names nothing');
  }
  printSummary(summary, outDir, write);
  return { summary, run };
}

async function measureKind(
  kind: CapacityKind,
  { cores, seconds }: { cores: number; seconds: number },
  write: (line: string) => void,
): Promise<KindResult> {
  const floorUs = (await sendFloor(kind.packetBytes, undefined)).sendtoUs;
  const group = await ServerGroup.create(`canopy-capacity-${process.pid}`);
  try {
    const load = await kind.open(group);
    try {
      const emptyBytes = (await serverUsage(group)).rssBytes;
      const measure = async (units: number): Promise<Window> => {
        await group.limit(undefined);
        await load.growTo(units);
        await sleep(SETTLE_MS);
        await group.limit(cores);
        await sleep(QUOTA_SETTLE_MS);
        const window = await measureWindow(load, group, seconds, emptyBytes);
        write(`${units} ${kind.units}: ${(window.cores * 100).toFixed(1)} % of a core`);
        return window;
      };
      const steps: Step[] = await growToKnee(measure, { cores, from: kind.from });
      const { units, limit } = steps.at(-1) as Step;
      write(`${units} ${kind.units}: ${limitText(limit)}`);
      const { name, units: label, people } = kind;
      return { name, units: label, people, floorUs, steps };
    } finally {
      await group.limit(undefined);
      await load.close();
    }
  } finally {
    await group.remove();
  }
}

async function measureWindow(
  load: GrowingLoad,
  group: ServerGroup,
  seconds: number,
  emptyBytes: number,
): Promise<Window> {
  const [before, machineBefore, startedMs] = [await serverUsage(group), machineCpu(), performance.now()];
  const seen = await load.measure(seconds);
  const [after, machineAfter, endedMs] = [await serverUsage(group), machineCpu(), performance.now()];
  const lasted = (endedMs - startedMs) / 1000;
  return {
    ...seen,
    cores: (after.cpu.total - before.cpu.total) / lasted,
    nodeCores: (after.cpu.node - before.cpu.node) / lasted,
    memoryBytes: after.rssBytes - emptyBytes,
    stealShare: stolen(machineBefore, machineAfter),
  };
}

function stolen(before: CpuTimes, after: CpuTimes): number {
  const ticks = after.total - before.total;
  return ticks === 0 ? 0 : (after.steal - before.steal) / ticks;
}
