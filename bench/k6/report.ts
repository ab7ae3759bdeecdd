import { type CpuTimes, quantileBoundMs, type ServerSnapshot } from '../generator/index.ts';
import {
  csvTable,
  environment,
  type Figure,
  linePlot,
  machineFigures,
  machineTraps,
  quantile,
  renderPage,
  round,
  type Series,
  type Summary,
  writeFiles,
} from '../report/index.ts';
import type { K6Metric, K6Result } from './run-k6.ts';
import type { Sample } from './samples.ts';
import type { K6Scenario } from './scenarios.ts';

/** k6 may use this share of the machine; above it, it measures itself. */
const MAX_K6_CPU_SHARE = 0.7;

/** Above this share of the machine, other programs contribute to delays. */
const MAX_OTHERS_SHARE = 0.1;

const NOT_MEASURED = [
  'Media: nobody sends or receives any.',
  'Enrolment: identities are created before the run.',
  'Time on a network: k6 and the server share a machine unless --url names another.',
  'The SDK: the k6 scripts implement the protocol themselves and do not check the server’s media keys.',
];

/** The results of a k6 run. */
export interface K6Run {
  scenario: K6Scenario;
  startedAt: Date;
  k6Version: string;
  result: K6Result;
  server: { before: ServerSnapshot; after: ServerSnapshot };
  machine: { before: CpuTimes; after: CpuTimes };
}

/** Writes the report's three files; the CSV has one line per stage and person. */
export async function writeK6Report(run: K6Run, folder: string): Promise<Summary> {
  const summary = summarizeK6(run);
  const { samples, ...result } = run.result;
  const rows = samples.map(({ stage, peer, atMs, tookMs }) => [stage, peer, atMs, tookMs]);
  await writeFiles(folder, summary, {
    run: { ...run, result },
    csv: csvTable([['stage', 'peer', 'at_unix_ms', 'took_ms'], ...rows]),
    html: renderPage(summary, { plots: plots(run.result), notMeasured: NOT_MEASURED, claim: claim(run) }),
  });
  return summary;
}

function summarizeK6(run: K6Run): Summary {
  const { scenario, result, server } = run;
  const { metrics } = result;
  const stages = stagesOf(result);
  const joined = metrics.canopy_join_ms?.values.count ?? 0;
  const failures = metrics.canopy_failed?.values.passes ?? 0;
  const env = environment();
  const k6Share = k6CpuShare(result);
  const others = othersShare(run, env.cores);
  const serverCpu = server.after.nodeCpuSeconds - server.before.nodeCpuSeconds;
  const invalid: string[] = [];
  if (k6Share > MAX_K6_CPU_SHARE * env.cores) {
    invalid.push(`k6 used ${round((k6Share / env.cores) * 100, 0)} % of the machine (limit 70)`);
  }
  const requests = stages.reduce((sum, [, { values }]) => sum + (values.count ?? 0), 0);
  return {
    name: scenario.name,
    description: `${scenario.description} ${scenario.peers} people, ${scenario.joinsPerSecond} joining per second.`,
    startedAt: run.startedAt.toISOString(),
    environment: { ...env, k6: run.k6Version },
    invalid,
    complete: result.thresholdsMet && joined === scenario.peers,
    headline: [
      { label: 'joined (peers)', value: `${joined} of ${scenario.peers}` },
      { label: 'failed stages', value: failures, goal: '0' },
      ...stages.flatMap(([stage, metric]) => stageFigures(stage, metric)),
    ],
    details: [
      { label: 'stages completed', value: requests },
      ...errorFigures(result),
      ...stages.map(([stage, { values }]) => ({
        label: `${stage}: longest (ms)`,
        value: round(values.max ?? 0, 1),
      })),
      ...(['authenticated', 'joined'] as const).map((stage) => ({
        label: `server: from opening to ${stage}, p99 at most (ms)`,
        value: quantileBoundMs(server.after.joinStages[stage], 0.99) ?? '-',
      })),
      { label: 'server’s Node CPU, whole run (s)', value: round(serverCpu, 2) },
      { label: 'server’s Node CPU per person (ms)', value: round((serverCpu * 1000) / scenario.peers, 2) },
      { label: 'server’s Node memory (MiB)', value: Math.round(server.after.nodeRssBytes / 2 ** 20) },
      { label: 'k6: CPU while people join (% of a core)', value: round(k6Share * 100, 1) },
      ...machineFigures(run),
      { label: 'machine: busy with other programs (%)', value: round(others * 100, 1) },
    ],
    traps: [
      ...machineTraps(run),
      ...(others > MAX_OTHERS_SHARE
        ? ['Other programs used more than 10 % of the machine: repeat when it is idle.']
        : []),
      'k6 tells times in whole milliseconds, its own waiting for the CPU included.',
      'People were enrolled just before, so the server’s caches and code are warm.',
    ],
  };
}

/** The timed stages in the order in which people went through them. */
function stagesOf({ metrics, samples }: K6Result): Array<readonly [stage: string, metric: K6Metric]> {
  const stages = new Set(samples.map(({ stage }) => stage));
  return [...stages].flatMap((stage) => {
    const metric = metrics[`canopy_${stage}_ms`];
    return metric ? [[stage, metric] as const] : [];
  });
}

function stageFigures(stage: string, { values, thresholds }: K6Metric): Figure[] {
  const goal = Object.keys(thresholds ?? {})
    .find((threshold) => threshold.startsWith('p(99)'))
    ?.replace('p(99)<', '< ');
  return [
    { label: `${stage}, p50 (ms)`, value: round(values['p(50)'] ?? 0, 1) },
    { label: `${stage}, p99 (ms)`, value: round(values['p(99)'] ?? 0, 1), ...(goal && { goal }) },
  ];
}

function errorFigures({ errors }: K6Result): Figure[] {
  return Object.entries(errors).map(([code, value]) => ({ label: `error ${code}`, value }));
}

/** CPU that k6 used between the first and the last stage, in cores. */
function k6CpuShare({ samples, cpu }: K6Result): number {
  const fromMs = Math.min(...samples.map(({ atMs }) => atMs));
  const toMs = Math.max(...samples.map(({ atMs }) => atMs));
  const within = cpu.filter(({ atMs, seconds }) => atMs >= fromMs && atMs <= toMs && seconds > 0);
  const [first, last] = [within[0], within.at(-1)];
  if (!first || !last || first === last) {
    return 0;
  }
  return (last.seconds - first.seconds) / ((last.atMs - first.atMs) / 1000);
}

/** The share of the machine that neither k6 nor a server on this machine used. */
function othersShare({ result, server, machine: { before, after } }: K6Run, cores: number): number {
  const total = after.total - before.total;
  const wallSeconds = (server.after.atMs - server.before.atMs) / 1000;
  if (total === 0 || wallSeconds === 0) {
    return 0;
  }
  const used =
    (result.cpu.findLast(({ seconds }) => seconds > 0)?.seconds ?? 0) +
    (server.after.nodeCpuSeconds - server.before.nodeCpuSeconds) +
    (server.after.workerCpuSeconds - server.before.workerCpuSeconds);
  const busy = 1 - (after.idle - before.idle) / total;
  return Math.max(0, busy - used / (wallSeconds * cores));
}

function plots({ samples }: K6Result): string {
  const stages = [...new Set(samples.map(({ stage }) => stage))];
  const entering = ['connect', 'challenge', 'prove', 'join'];
  const others = stages.filter((stage) => !entering.includes(stage) && !/sign$|enter/.test(stage));
  const groups = [entering, others.slice(0, 4), others.slice(4)];
  const inOrder = (stage: string): Series => ({
    label: stage,
    points: samples
      .filter((sample) => sample.stage === stage)
      .map(({ peer, tookMs }) => [peer + 1, tookMs] as const)
      .sort(([a], [b]) => a - b),
  });
  return [
    linePlot({ title: 'Joining, by order', xLabel: 'person', yLabel: 'ms', series: entering.map(inOrder) }),
    ...groups.map((group) =>
      linePlot({
        title: group.join(', '),
        xLabel: '% of people or requests',
        yLabel: 'ms at most',
        series: group.map((stage) => percentiles(stage, samples)),
      }),
    ),
  ].join('');
}

function percentiles(stage: string, samples: readonly Sample[]): Series {
  const took = samples.filter((sample) => sample.stage === stage).map(({ tookMs }) => tookMs);
  took.sort((a, b) => a - b);
  const shares = took.length === 0 ? [] : [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 1];
  return {
    label: stage,
    points: shares.map((share) => [share * 100, quantile(took, share)] as const),
  };
}

function claim({ scenario, result }: K6Run): string {
  const machine = `${environment().cores} cores of ${environment().cpu}, k6 included`;
  const load = `${scenario.peers} people, ${scenario.joinsPerSecond} entering a second`;
  return result.thresholdsMet
    ? `On ${machine}, Canopy met every threshold of this storm (${load}).`
    : `On ${machine}, this storm (${load}) crossed a threshold: it shows a limit, not a capacity.`;
}
