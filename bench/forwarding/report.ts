import type { CpuTimes } from '../generator/index.ts';
import {
  type Figure,
  type FiguresRun,
  machineFigures,
  machineTraps,
  quantile,
  round,
} from '../report/index.ts';
import type { Held, Slice } from './measure.ts';
import type { Traffic } from './options.ts';
import type { Ratio } from './ratio.ts';
import { FLOOR_BURST, type SendFloor } from './send-floor.ts';
import { sequenceFaults } from './sequence-faults.ts';

/** How much later packets may leave than from the other worker, at p99, in microseconds. */
const ADDED_DELAY_US = 1000;
/** SRTP's tags end here: AES-CM with HMAC-SHA1-80 adds 10 bytes, AES-GCM 16 (RFC 3711 §8.2, RFC 7714 §12). RTCP adds less than 3. */
const GCM_BYTES = 14;

export interface MeasuredWorker {
  path: string;
  slices: Slice[];
  held: Held | undefined;
}

export interface ForwardingRun {
  traffic: Traffic;
  /** Whether the worker had a core of its own. */
  pinned: boolean;
  workers: MeasuredWorker[];
  /** CPU per packet of the first worker to that of the second, slice by slice. */
  ratio: Ratio | undefined;
  /** Before and after. */
  floors: SendFloor[];
  machine: { before: CpuTimes; after: CpuTimes };
}

type Report = Pick<FiguresRun, 'headline' | 'details' | 'notMeasured' | 'traps' | 'met'>;

/** The run's figures. A goal is missed if a packet was lost or reordered, or left more than 1 ms later than from the other worker. */
export function forwardingReport(run: ForwardingRun): Report {
  const { traffic, workers, floors, pinned } = run;
  const [first, second] = workers;
  const faults = workers.reduce((sum, worker) => sum + sequenceFaults(worker, traffic.receivers), 0);
  const added = first?.held && second?.held && first.held.p99Us - second.held.p99Us;
  return {
    headline: [
      ...workers.flatMap((worker, index) => costs(worker, nameOf(workers, index))),
      ...ratios(run),
      {
        label: 'packets lost, reordered or repeated at the receivers',
        value: faults,
        goal: '0',
      },
      ...(added === undefined
        ? []
        : [
            {
              label: 'A holds packets longer than B by, p99 (µs)',
              value: round(added, 0),
              goal: `<= ${ADDED_DELAY_US}`,
            },
          ]),
      {
        label: 'one sendto() here and now, before; after (µs)',
        value: floors.map(({ sendtoUs }) => sendtoUs.toFixed(2)).join('; '),
      },
      {
        label: `one datagram of ${FLOOR_BURST} in a sendmsg(), before; after (µs)`,
        value: floors.map(({ segmentsUs }) => segmentsUs.toFixed(2)).join('; '),
      },
    ],
    details: [
      ...workers.flatMap((worker, index) => details(worker, nameOf(workers, index))),
      { label: 'publishers', value: traffic.publishers },
      { label: 'receivers', value: traffic.receivers },
      { label: 'codec', value: traffic.codec },
      { label: 'bandwidth estimation', value: traffic.estimation ? 'on' : 'off' },
      ...machineFigures(run),
    ],
    notMeasured: [
      'Everything but the worker: the server’s Node process takes no part.',
      ...(workers.some(({ held }) => held === undefined)
        ? ['How long packets are held: that needs the right to read the loopback interface (run it as root).']
        : []),
    ],
    traps: [
      ...machineTraps(run),
      ...(pinned ? [] : ['The worker had no core of its own: that needs two cores and taskset.']),
      'Compare only within a run: the same worker costs a fifth more or less an hour later. The floor shows how fast the kernel is.',
      'CPU includes probes and reports, but only media packets count as forwarded.',
    ],
    met: faults === 0 && (added === undefined || added <= ADDED_DELAY_US),
  };
}

function nameOf(workers: readonly MeasuredWorker[], index: number): string {
  return workers.length === 1 ? '' : `${'AB'[index]}: `;
}

function costs({ slices }: MeasuredWorker, name: string): Figure[] {
  const median = (pick: (slice: Slice) => number) =>
    quantile(
      slices.map(pick).sort((a, b) => a - b),
      0.5,
    );
  return [
    {
      label: `${name}CPU per forwarded packet (µs)`,
      value: round(
        median(({ packetUs }) => packetUs),
        2,
      ),
    },
    {
      label: `${name}user part (µs)`,
      value: round(
        median(({ userUs }) => userUs),
        2,
      ),
    },
    {
      label: `${name}system part (µs)`,
      value: round(
        median(({ systemUs }) => systemUs),
        2,
      ),
    },
    {
      label: `${name}packets forwarded per second`,
      value: Math.round(median(({ packets, seconds }) => packets / seconds)),
    },
  ];
}

function ratios({ workers: [first, second], ratio }: ForwardingRun): Figure[] {
  if (!ratio) {
    return [];
  }
  const pairs = first?.slices.map(({ packetUs }, index) => packetUs / (second?.slices[index]?.packetUs ?? 0));
  return [
    { label: 'A to B, CPU per packet (ratio)', value: round(ratio.mean, 3) },
    { label: '95 % interval', value: `${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)}` },
    { label: 'each pair', value: pairs?.map((each) => each.toFixed(3)).join(' ') ?? '' },
  ];
}

function details({ path, slices, held }: MeasuredWorker, name: string): Figure[] {
  const tag = quantile(
    slices.map(({ tagBytes }) => tagBytes).sort((a, b) => a - b),
    0.5,
  );
  return [
    { label: `${name}worker`, value: path },
    { label: `${name}each slice (µs)`, value: slices.map(({ packetUs }) => packetUs.toFixed(2)).join(' ') },
    {
      label: `${name}packets that reached the worker late`,
      value: slices.reduce((sum, { late }) => sum + late, held?.late ?? 0),
    },
    { label: `${name}SRTP`, value: tag >= GCM_BYTES ? 'AES-GCM' : 'AES-CM with HMAC-SHA1' },
    ...(held
      ? [
          {
            label: `${name}packets held, p50; p99; most (µs)`,
            value: [held.p50Us, held.p99Us, held.maxUs].map((us) => us.toFixed(0)).join('; '),
          },
          { label: `${name}packets per send`, value: round(held.packets / held.sends, 2) },
          { label: `${name}packets missed by the measurement of delay`, value: held.missed },
        ]
      : []),
  ];
}
