import { loadClip } from '../clips/index.ts';
import { machineCpu } from '../generator/index.ts';
import { printSummary, type Summary, writeFiguresReport } from '../report/index.ts';
import { releaseCores, reserveCores } from './cores.ts';
import { measureDelay, measureSlice } from './measure.ts';
import { CLIPS, type ForwardingOptions, type Traffic, trafficOf } from './options.ts';
import { type Ratio, ratioOf } from './ratio.ts';
import { type ForwardingRun, forwardingReport, type MeasuredWorker } from './report.ts';
import { sendFloor } from './send-floor.ts';
import { stretchClip } from './stretch-clip.ts';
import { WorkerUnderTest } from './worker-under-test.ts';

/** Name and description, for the list of scenarios. */
export const FORWARDING = {
  name: 'forwarding',
  description: 'CPU of one media worker per forwarded packet, also of two workers in alternation.',
} as const;

const SLICE_SECONDS = 5;
/** Size of a packet of 2 Mbit/s at 720p, in bytes. */
const FLOOR_BYTES = 1139;

/** Measures one worker, or two in alternation, and writes the report. @throws {TypeError} wrong options */
export async function benchForwarding(
  options: ForwardingOptions,
  write: (line: string) => void,
): Promise<{ summary: Summary; run: ForwardingRun }> {
  const traffic = trafficOf(options);
  const seconds = options.seconds ?? 40;
  if (!(seconds >= 1)) {
    throw new TypeError('--seconds must be at least 1');
  }
  write(`${FORWARDING.name}: ${FORWARDING.description}`);
  const startedAt = new Date();
  const run = await measureWorkers(options, traffic, seconds, write);
  const report = forwardingReport(run);
  const outDir = options.outDir ?? 'bench-results';
  const summary = await writeFiguresReport({ ...FORWARDING, startedAt, measured: run, ...report }, outDir);
  printSummary(summary, outDir, write);
  return { summary, run };
}

/** Measures in slices, in the order A B B A, so that a machine that becomes slower or faster does so for both. */
async function measureWorkers(
  { worker = process.env.MEDIASOUP_WORKER_BIN, against, fieldTrials }: ForwardingOptions,
  traffic: Traffic,
  seconds: number,
  write: (line: string) => void,
): Promise<ForwardingRun> {
  const source = await loadClip(CLIPS[traffic.codec]);
  const clip = traffic.codec === 'opus' ? source : stretchClip(source, traffic.kbps);
  const cores = reserveCores();
  const measured: MeasuredWorker[] = [];
  const workers: WorkerUnderTest[] = [];
  try {
    for (const workerBin of against === undefined ? [worker] : [worker, against]) {
      workers.push(await WorkerUnderTest.open({ workerBin, fieldTrials, cores }, traffic, clip));
      measured.push({ path: workerBin ?? 'mediasoup’s own', slices: [], held: undefined });
    }
    const floors = [await sendFloor(FLOOR_BYTES, cores)];
    const machine = { before: machineCpu(), after: machineCpu() };
    const rounds = Math.max(1, Math.round(seconds / SLICE_SECONDS));
    for (let round = 0; round < rounds; round += 1) {
      const order = [...workers.keys()];
      for (const index of round % 2 === 0 ? order : order.reverse()) {
        const slice = await measureSlice(workers[index] as WorkerUnderTest, seconds / rounds);
        measured[index]?.slices.push(slice);
        const name = workers.length === 1 ? '' : `${'AB'[index]} `;
        write(
          `${name}${slice.packetUs.toFixed(2)} µs per packet, ${Math.round(slice.packets / slice.seconds)} per second`,
        );
      }
    }
    machine.after = machineCpu();
    floors.push(await sendFloor(FLOOR_BYTES, cores));
    for (const [index, each] of workers.entries()) {
      const result = measured[index];
      if (result) {
        result.held = await measureDelay(each, SLICE_SECONDS);
      }
    }
    return {
      traffic,
      pinned: cores !== undefined,
      workers: measured,
      ratio: ratio(measured),
      floors,
      machine,
    };
  } finally {
    for (const each of workers) {
      each.close();
    }
    if (cores) {
      releaseCores(cores);
    }
  }
}

function ratio([first, second]: readonly MeasuredWorker[]): Ratio | undefined {
  if (!first || !second) {
    return undefined;
  }
  return ratioOf(
    first.slices.map(({ packetUs }, index) => [packetUs, second.slices[index]?.packetUs ?? Number.NaN]),
  );
}
