import { ratioOf } from '../forwarding/index.ts';
import {
  csvTable,
  environment,
  type Figure,
  machineFigures,
  machineTraps,
  quantile,
  renderPage,
  round,
  type Summary,
  writeFiles,
} from '../report/index.ts';
import { LOADS } from './measure-load.ts';
import type { PeersRun } from './peers-run.ts';
import type { PeersScenario } from './scenarios.ts';
import { VARIANTS, type Variant, variantName } from './systems.ts';

/** The load may use this share of a core per process; above it, it measures itself. */
const MAX_LOAD_SHARE = 0.7;

const NOT_MEASURED = [
  'Simulcast and layers: every sender sends one encoding.',
  'Picture quality, encoding and rendering: clips are encoded beforehand, and nobody watches them.',
  'Networks: everything passes over loopback, and the load reports no congestion.',
  'Recording, phones, clusters.',
];

/** Ratios with their goals, of the first scenario. */
const RATIOS: ReadonlyArray<{ of: Variant; to: Variant; goal: string }> = [
  { of: { system: 'canopy', estimation: true }, to: { system: 'livekit', estimation: true }, goal: '<= 0.5' },
  {
    of: { system: 'canopy', estimation: false },
    to: { system: 'livekit', estimation: false },
    goal: '<= 0.5',
  },
  { of: { system: 'canopy', estimation: true }, to: { system: 'janus', estimation: false }, goal: '<= 0.6' },
];
const RATIO_SCENARIO = '1x60';

/** Writes the report's three files. */
export async function writePeersReport(run: PeersRun, folder: string): Promise<Summary> {
  const summary = summarize(run);
  const rows = [...summary.headline, ...summary.details].map(({ label, value, goal = '' }) => [
    label,
    value,
    goal,
  ]);
  const claim = `Measured by “${run.command}” on this machine; ratios hold between systems of one run only.`;
  await writeFiles(folder, summary, {
    run,
    csv: csvTable([['figure', 'value', 'goal'], ...rows]),
    html: renderPage(summary, { plots: '', notMeasured: NOT_MEASURED, claim }),
  });
  return summary;
}

function summarize(run: PeersRun): Summary {
  const { scenarios, versions, skipped } = run;
  const loads = run.measured.flatMap((each) => (each.kind === 'load' ? [each] : []));
  const incomplete = loads.filter(({ scenario, result }) => {
    const wanted = scenarios.find(({ name }) => name === scenario)?.videoStreams ?? 0;
    return result.videoStreams < wanted;
  });
  const busiest = Math.max(0, ...loads.map(({ result }) => result.free.busiestLoad));
  return {
    name: 'peers',
    description: `The same load on several media servers in turn, on one machine: ${run.command}.`,
    startedAt: run.startedAt.toISOString(),
    environment: environment(),
    invalid:
      busiest > MAX_LOAD_SHARE
        ? [`a process of the load used ${round(busiest * 100, 0)} % of a core (limit 70)`]
        : [],
    complete: incomplete.length === 0 && run.failed.length === 0,
    headline: [...ratioFigures(run), ...scenarios.flatMap((scenario) => costFigures(run, scenario))],
    details: [
      ...Object.entries(versions).map(([system, value]) => ({ label: `version: ${system}`, value })),
      ...Object.entries(skipped).map(([system, value]) => ({ label: `skipped: ${system}`, value })),
      { label: 'systems skipped', value: Object.keys(skipped).length },
      ...run.failed.map((value) => ({ label: 'failed', value })),
      { label: 'rest of each room before (s)', value: run.settleSeconds },
      ...scenarios.flatMap((scenario) => detailFigures(run, scenario)),
      ...joinFigures(run),
      ...run.phones.map(({ label, ...figure }) => ({ label: `phones: ${label}`, ...figure })),
      { label: 'busiest load process (% of a core)', value: round(busiest * 100, 1), goal: '<= 70' },
      ...machineFigures(run),
    ],
    traps: [
      ...machineTraps(run),
      ...incomplete.map(
        ({ scenario, variant, result }) =>
          `${scenario}, ${variantName(variant)}: only ${result.videoStreams} video streams arrived.`,
      ),
      'A server that leaves out temporal layers forwards fewer packets of each sender: see how many arrive for each that is sent.',
      'A quota stops the server for the rest of each period (2 ms; longer for less than half a core, as the kernel’s smallest quota is 1 ms), so delays count only without one.',
      'Canopy forwards the three loudest voices, the others every voice: their cost per packet and their cost per room tell different things.',
      'Each packet ends with the time of sending (8 bytes), from which delays are measured; the servers do not look at it.',
      'LiveKit and Janus are configured as ICE-lite, as mediasoup is; Janus with two event loops.',
    ],
  };
}

/** The results of one variant in one scenario, in the order of rounds. */
function of(run: PeersRun, scenario: string, variant: Variant) {
  return run.measured.flatMap((each) =>
    each.kind === 'load' && each.scenario === scenario && isSame(each.variant, variant)
      ? [{ ...each.result, round: each.round }]
      : [],
  );
}

function isSame(a: Variant, b: Variant): boolean {
  return a.system === b.system && a.estimation === b.estimation;
}

function ratioFigures(run: PeersRun): Figure[] {
  return run.scenarios.flatMap(({ name }) =>
    RATIOS.flatMap(({ of: one, to: other, goal }) => {
      const [ones, others] = [of(run, name, one), of(run, name, other)];
      const pairs = ones.flatMap((result) => {
        const against = others.find(({ round: same }) => same === result.round);
        return against ? [[result.free.packetUs, against.free.packetUs] as const] : [];
      });
      if (pairs.length === 0) {
        return [];
      }
      const { mean, low, high } = ratioOf(pairs);
      const interval = pairs.length > 1 ? ` (${low.toFixed(2)} to ${high.toFixed(2)})` : '';
      return [
        {
          label: `${name}: CPU per packet, ${variantName(one)} / ${variantName(other)}`,
          value: `${mean.toFixed(2)}${interval}`,
          ...(name === RATIO_SCENARIO && { goal }),
        },
      ];
    }),
  );
}

function costFigures(run: PeersRun, { name }: PeersScenario): Figure[] {
  const floors = run.floors.filter(({ scenario }) => scenario === name);
  return [
    ...VARIANTS.flatMap((variant) => {
      const results = of(run, name, variant);
      if (results.length === 0) {
        return [];
      }
      const label = `${name}, ${variantName(variant)}`;
      return [
        {
          label: `${label}: CPU per 1,000 packets (ms)`,
          value: median(results, ({ free }) => free.packetUs, 2),
        },
        {
          label: `${label}: packets per second and core at the knee`,
          value: median(results, ({ knee }) => knee?.packetsPerSecondPerCore ?? Number.NaN, 0),
        },
      ];
    }),
    {
      label: `${name}: one sendto() here and now (µs)`,
      value: floors.map(({ sendtoUs }) => sendtoUs.toFixed(2)).join('; '),
    },
  ];
}

function detailFigures(run: PeersRun, { name }: PeersScenario): Figure[] {
  return VARIANTS.flatMap((variant) => {
    const results = of(run, name, variant);
    if (results.length === 0) {
      return [];
    }
    const figure = (
      label: string,
      pick: (result: (typeof results)[number]) => number,
      digits = 1,
    ): Figure => ({
      label: `${name}, ${variantName(variant)}: ${label}`,
      value: median(results, pick, digits),
    });
    return [
      figure('packets per second', ({ free }) => free.packetsPerSecond, 0),
      figure('packets that arrive for each that is sent', ({ free }) => free.copies, 2),
      figure('payload (Mbit/s)', ({ free }) => free.mbps),
      figure('CPU (% of a core)', ({ free }) => free.cores * 100),
      ...(variant.system === 'canopy'
        ? [figure('Node among it (% of a core)', ({ free }) => free.nodeCores * 100)]
        : []),
      figure('CPU per Mbit (ms)', ({ free }) => free.mbitMs, 2),
      ...LOADS.flatMap((load, index) => [
        figure(
          `CPU per 1,000 packets at ${load * 100} % load (ms)`,
          ({ loaded }) => loaded[index]?.packetUs ?? Number.NaN,
          2,
        ),
        figure(
          `CPU per Mbit at ${load * 100} % load (ms)`,
          ({ loaded }) => loaded[index]?.mbitMs ?? Number.NaN,
          2,
        ),
      ]),
      figure('quota at the knee (% of a core)', ({ knee }) => (knee?.cores ?? Number.NaN) * 100),
      figure('delay, p50 (ms)', ({ free }) => free.delay.p50Ms, 2),
      figure('delay, p99 (ms)', ({ free }) => free.delay.p99Ms, 2),
      figure('loss after repair (%)', ({ free }) => free.lossShare * 100, 4),
      figure('memory per person (MiB)', ({ bytesPerPerson }) => bytesPerPerson / 2 ** 20, 2),
      figure('stolen by the hypervisor meanwhile (%)', ({ free }) => free.stealShare * 100, 2),
    ];
  });
}

function joinFigures(run: PeersRun): Figure[] {
  return VARIANTS.flatMap((variant) => {
    const results = run.measured.flatMap((each) =>
      each.kind === 'join' && isSame(each.variant, variant) ? [each.result] : [],
    );
    if (results.length === 0) {
      return [];
    }
    const label = `join, ${variantName(variant)}`;
    return [
      {
        label: `${label}: to the first RTP packet, 2 ms of round trip (ms)`,
        value: median(results, ({ nearMs }) => nearMs, 0),
      },
      {
        label: `${label}: to the first RTP packet, 102 ms of round trip (ms)`,
        value: median(results, ({ farMs }) => farMs, 0),
      },
      {
        label: `${label}: round trips of the network`,
        value: median(results, ({ roundTrips }) => roundTrips, 1),
      },
      { label: `${label}: SRTP`, value: results[0]?.srtp.join(', ') || '-' },
    ];
  });
}

function median<T>(all: readonly T[], pick: (each: T) => number, digits: number): number | string {
  const value = quantile(
    all.map(pick).sort((a, b) => a - b),
    0.5,
  );
  return Number.isNaN(value) ? '-' : round(value, digits);
}
