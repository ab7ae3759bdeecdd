import type { CpuTimes } from '../generator/index.ts';
import { type Figure, type FiguresRun, machineFigures, machineTraps, round } from '../report/index.ts';
import { kneeOf, type Limit, type Step } from './grow-to-knee.ts';

/** One kind of load, raised until the server no longer kept up. */
export interface KindResult {
  name: string;
  /** In the plural. */
  units: string;
  people: number;
  /** One sendto() here and now, in microseconds. */
  floorUs: number;
  steps: Step[];
}

export interface CapacityRun {
  startedAt: Date;
  /** The server's quota. */
  cores: number;
  results: KindResult[];
  machine: { before: CpuTimes; after: CpuTimes };
}

const LIMITS: Record<Limit, string> = {
  loss: 'more than 1 % lost',
  delay: 'more than 20 ms of added delay',
  cpu: 'the server used all of its quota',
  streams: 'somebody did not get everything',
  load: 'the load generator had nothing left, so the server carries more',
};

export function limitText(limit: Limit | undefined): string {
  return limit ? LIMITS[limit] : 'keeps up';
}

type Report = Pick<FiguresRun, 'headline' | 'details' | 'notMeasured' | 'traps' | 'met'>;

/** The run's figures. The goal is that the server, and not the generator, ended the growth of every kind. */
export function capacityReport(run: CapacityRun): Report {
  const { results, cores } = run;
  const isServers = results.every(({ steps }) => kneeOf(steps) && steps.at(-1)?.limit !== 'load');
  return {
    headline: results.flatMap((result) => headlineOf(result, cores)),
    details: [
      { label: 'quota of the server’s processes (cores)', value: cores },
      ...results.flatMap(detailsOf),
      ...machineFigures(run),
    ],
    notMeasured: [
      'Joining: the quota is lifted while people join, and they join four at a time.',
      'A network card: everything passes over loopback.',
    ],
    traps: [
      ...machineTraps(run),
      'Everyone has a fast network and shows everyone in a gallery; a speaker view costs less.',
      'A quota stops the server for the rest of each 2 ms; a server with cores of its own carries slightly more.',
      ...(isServers
        ? []
        : ['A growth that the generator ended gives only a lower bound: use a larger machine.']),
    ],
    met: isServers,
  };
}

function headlineOf({ units, people, floorUs, steps }: KindResult, cores: number): Figure[] {
  const knee = kneeOf(steps);
  const last = steps.at(-1);
  if (!knee || !last) {
    return [{ label: `${units} at the knee`, value: `none: ${limitText(last?.limit)}` }];
  }
  const { window } = knee;
  return [
    {
      label: `${units} at the knee, on ${cores} cores`,
      value: knee.units,
      goal: last.limit === 'load' ? 'not ended by the generator' : '',
    },
    { label: `${units}: CPU of each (% of a core)`, value: round((window.cores / knee.units) * 100, 2) },
    {
      label: `${units}: packets per second and core at the knee`,
      value: Math.round(window.packetsPerSecond / cores),
    },
    {
      label: `${units}: memory per person (MiB)`,
      value: round(window.memoryBytes / knee.units / people / 2 ** 20, 2),
    },
    { label: `${units}: one sendto() here and now (µs)`, value: round(floorUs, 2) },
  ];
}

function detailsOf({ units, steps }: KindResult): Figure[] {
  return [
    ...steps.map(({ units: count, window, limit }) => ({
      label: `${count} ${units}`,
      value: [
        `${round(window.cores * 100, 1)} % of a core (Node ${round(window.nodeCores * 100, 1)})`,
        `${Math.round(window.packetsPerSecond)} packets/s`,
        `${round(window.sentMbps, 1)} Mbit/s out, ${round(window.receivedMbps, 1)} in`,
        `loss ${round(window.lossShare * 100, 3)} %`,
        `delay p50 ${round(window.delay.p50Ms, 1)} ms, p99 ${round(window.delay.p99Ms, 1)}`,
        `busiest load process ${round(window.busiestLoad * 100, 0)} %`,
        `stolen ${round(window.stealShare * 100, 2)} %`,
        limitText(limit),
      ].join('; '),
    })),
  ];
}
