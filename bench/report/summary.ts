import { DelayHistogram } from '../../client/node/index.ts';
import { quantileBoundMs, type RunData, stagesOfOneMs } from '../generator/index.ts';
import { expectedVideoStreams, hasCleanPath } from '../scenarios/index.ts';
import { comingInFigures } from './coming-in.ts';
import { type Environment, environment } from './environment.ts';
import { type Figure, quantile, round } from './numbers.ts';

/** CPU limit of the generator, as a share of a core per process and of the machine in total; above it, it measures itself. */
const MAX_GENERATOR_CPU_SHARE = 0.7;
/** More loss than this without an emulated network is the generator's fault. */
const MAX_CLEAN_LOSS_SHARE = 0.001;
/** UDP, IPv4 and the SRTP tag of AEAD_AES_128_GCM, in bytes per packet. */
const PACKET_OVERHEAD_BYTES = 8 + 20 + 16;

/** The CPU use of the whole machine during the measurement. */
interface MachineRun {
  machine: Pick<RunData['machine'], 'before' | 'after'>;
}

export interface Summary {
  name: string;
  description: string;
  startedAt: string;
  environment: Environment;
  /** Why the run is invalid; empty for a valid one. */
  invalid: string[];
  /** Whether everyone joined and received everyone. */
  complete: boolean;
  headline: Figure[];
  details: Figure[];
  traps: string[];
}

export function summarize(run: RunData): Summary {
  const { scenario, peers, processes, server } = run;
  const joined = peers.filter(({ join }) => join);
  const total = (pick: (peer: RunData['peers'][number]) => number) =>
    peers.reduce((sum, peer) => sum + pick(peer), 0);
  const packets = total(({ inbound }) => inbound.packets);
  const lost = total(({ inbound }) => inbound.lostPackets);
  const lossShare = packets + lost > 0 ? lost / (packets + lost) : 0;
  const seconds = Math.max(...processes.map(({ wallSeconds }) => wallSeconds));
  const cpuShares = processes.map(({ cpuSeconds, wallSeconds }) => cpuSeconds / wallSeconds);
  const env = environment();
  const generatorCpu = cpuShares.reduce((sum, share) => sum + share, 0);
  const invalid = invalidReasons(run, { cpuShares, generatorCpu, lossShare, cores: env.cores });
  const serverSeconds = (server.after.atMs - server.measuring.atMs) / 1000;
  const workerCpu = (server.after.workerCpuSeconds - server.measuring.workerCpuSeconds) / serverSeconds;
  const nodeCpu = (server.after.nodeCpuSeconds - server.measuring.nodeCpuSeconds) / serverSeconds;
  const wire = ({ link }: RunData['peers'][number], kind: 'received' | 'sent') =>
    megabits(link[`${kind}Bytes`] + link[`${kind}Packets`] * PACKET_OVERHEAD_BYTES, seconds);
  const received = total((peer) => wire(peer, 'received'));
  const mostReceived = Math.max(0, ...peers.map((peer) => wire(peer, 'received')));
  const sent = total((peer) => wire(peer, 'sent'));
  const receivedPackets = total(({ link }) => link.receivedPackets) / seconds;
  const delay = new DelayHistogram();
  for (const peer of peers) {
    delay.merge(peer.delay);
  }
  const expectedVideo = expectedVideoStreams(scenario);
  const video = total(({ videoStreams }) => videoStreams);
  const silent = total(({ silentVideoStreams }) => silentVideoStreams);
  const decoded = peers.flatMap((peer) => peer.decoded);
  const joinMs = joined.map(({ join }) => (join ? join.connectMs + join.joinMs : 0)).sort((a, b) => a - b);
  const lastMs = stagesOfOneMs(server.beforeLast, server.joined);
  const lastStages = Object.entries(lastMs).map(
    ([stage, ms]): Figure => ({ label: `server: last peer to stage ${stage} (ms)`, value: round(ms, 1) }),
  );
  const stageP99 = Object.entries(server.joined.joinStages).map(
    ([stage, buckets]) =>
      ({
        label: `server: time to stage ${stage}, p99 at most (ms)`,
        value: quantileBoundMs(buckets, 0.99) ?? '-',
      }) as Figure,
  );
  return {
    name: scenario.name,
    description: scenario.description,
    startedAt: run.startedAt.toISOString(),
    environment: env,
    invalid,
    complete: joined.length === peers.length && video === expectedVideo && silent === 0,
    headline: [
      { label: 'joined (peers)', value: `${joined.length} of ${peers.length}` },
      { label: 'video streams received', value: `${video - silent} of ${expectedVideo}` },
      {
        label: 'loss after repair (%)',
        value: round(lossShare * 100, 4),
        goal: hasCleanPath(scenario) ? '< 0.1' : '',
      },
      { label: 'server to peers (Mbit/s, UDP/IP included)', value: round(received, 2) },
      { label: 'server to one peer, mean (Mbit/s)', value: round(received / peers.length, 3) },
      { label: 'server to one peer, maximum (Mbit/s)', value: round(mostReceived, 3) },
      { label: 'peers to server (Mbit/s, UDP/IP included)', value: round(sent, 2) },
      { label: 'packets from server (per second)', value: Math.round(receivedPackets) },
      { label: 'media workers’ CPU (% of a core)', value: round(workerCpu * 100, 1) },
      { label: 'server’s Node CPU (% of a core)', value: round(nodeCpu * 100, 1) },
      { label: 'client: connect and join, p50 (ms)', value: round(quantile(joinMs, 0.5), 1) },
      { label: 'client: connect and join, p99 (ms)', value: round(quantile(joinMs, 0.99), 1), goal: '< 300' },
      {
        label: 'server: last peer, from its connection to joined (ms)',
        value: lastMs.joined === undefined ? '-' : round(lastMs.joined, 1),
        goal: '< 300',
      },
      ...encryptedFigures(run),
      ...comingInFigures(run),
      { label: 'one-way delay, p50 at most (ms)', value: delay.quantileMs(0.5) },
      { label: 'one-way delay, p99 at most (ms)', value: delay.quantileMs(0.99) },
    ],
    details: [
      { label: 'measured (s)', value: round(seconds, 1) },
      { label: 'videos paused by the server at the end', value: total((peer) => peer.pausedVideoStreams) },
      {
        label: 'worker CPU per packet from server (µs)',
        value: round((workerCpu / receivedPackets) * 1e6, 1),
      },
      { label: 'repaired packets', value: total(({ inbound }) => inbound.repairedPackets) },
      {
        label: 'jitter, p95 over streams, worst peer (ms)',
        value: round(Math.max(0, ...peers.map((peer) => peer.jitterP95Ms)), 1),
      },
      {
        label: 'decoded by ffmpeg (frames)',
        value: decoded.reduce((sum, { decodedFrames }) => sum + decodedFrames, 0),
      },
      {
        label: 'decoder complaints',
        value: decoded.reduce((sum, { complaints }) => sum + complaints.length, 0),
      },
      ...lastStages,
      ...returnFigures(server.returnsOfLast),
      ...stageP99,
      { label: 'server’s Node memory (MiB)', value: Math.round(server.after.nodeRssBytes / 2 ** 20) },
      {
        label: 'workers’ peak memory, summed (MiB)',
        value: Math.round(server.after.workerMaxRssBytes / 2 ** 20),
      },
      { label: 'consumers on the server', value: server.after.consumers },
      ...generatorFigures({ generatorCpu, cpuShares, received, sent, peers: peers.length }),
      ...machineFigures(run),
    ],
    traps: traps(run),
  };
}

/** In encrypted rooms: how soon the last peer decrypts something, in all its visits but those in which it came with the others. */
function encryptedFigures({ scenario, peers }: RunData): Figure[] {
  const last = peers.at(-1);
  if (!scenario.encrypted || scenario.allTogether || !last?.join) {
    return [];
  }
  const sorted = [...last.earlierFirstMediaMs, last.join.firstMediaMs].sort((a, b) => a - b);
  const of = `last peer: connect to first decrypted frame, ${sorted.length} times`;
  return [
    { label: `${of}, p50 (ms)`, value: round(quantile(sorted, 0.5), 0), goal: '<= 1500' },
    { label: `${of}, longest (ms)`, value: round(sorted.at(-1) ?? Number.NaN, 0) },
  ];
}

/** How long the last peer took to reach each stage, over all its returns. */
function returnFigures(returns: RunData['server']['returnsOfLast']): Figure[] {
  const stages = new Set(returns.flatMap((each) => Object.keys(each)));
  return [...stages].flatMap((stage) => {
    const sorted = returns.flatMap((each) => each[stage] ?? []).sort((a, b) => a - b);
    const of = `last peer to stage ${stage}, ${sorted.length} times`;
    return [
      { label: `server: ${of}, p50 (ms)`, value: round(quantile(sorted, 0.5), 1) },
      {
        label: `server: ${of}, p99 (ms)`,
        value: round(quantile(sorted, 0.99), 1),
        ...(stage === 'joined' && { goal: '< 300' }),
      },
    ];
  });
}

function invalidReasons(
  { scenario, peers, server }: RunData,
  load: { cpuShares: number[]; generatorCpu: number; lossShare: number; cores: number },
): string[] {
  const reasons: string[] = [];
  const busiest = Math.max(...load.cpuShares);
  if (busiest > MAX_GENERATOR_CPU_SHARE) {
    reasons.push(`a process of the generator used ${round(busiest * 100, 0)} % of a core (limit 70)`);
  }
  if (load.generatorCpu > MAX_GENERATOR_CPU_SHARE * load.cores) {
    reasons.push(
      `the generator used ${round((load.generatorCpu / load.cores) * 100, 0)} % of the machine (limit 70)`,
    );
  }
  if (hasCleanPath(scenario) && load.lossShare > MAX_CLEAN_LOSS_SHARE) {
    reasons.push(
      `${round(load.lossShare * 100, 3)} % were lost although no emulated network loses packets (limit 0.1)`,
    );
  }
  const deaths = server.after.workerDeaths - server.before.workerDeaths;
  if (deaths > 0) {
    reasons.push(`${deaths} media workers died or hung and were replaced`);
  }
  const failed = peers.filter(({ error }) => error !== undefined);
  if (failed.length > 0) {
    reasons.push(`${failed.length} peers did not join: ${failed[0]?.error}`);
  }
  return reasons;
}

function generatorFigures(load: {
  generatorCpu: number;
  cpuShares: number[];
  received: number;
  sent: number;
  peers: number;
}): Figure[] {
  const busiest = Math.max(...load.cpuShares);
  return [
    { label: 'generator: CPU (% of a core, all processes)', value: round(load.generatorCpu * 100, 1) },
    { label: 'generator: busiest process (% of a core)', value: round(busiest * 100, 1), goal: '≤ 70' },
    {
      label: 'generator: CPU per Mbit transferred (ms)',
      value: round((load.generatorCpu * 1000) / (load.received + load.sent), 2),
    },
    {
      label: 'generator: CPU per peer (% of a core)',
      value: round((load.generatorCpu * 100) / load.peers, 2),
    },
    {
      label: 'generator: limit estimated from this run (peers per process)',
      value: Math.floor((MAX_GENERATOR_CPU_SHARE / busiest) * (load.peers / load.cpuShares.length)),
    },
  ];
}

/** How busy the whole machine was. */
export function machineFigures({ machine: { before, after } }: MachineRun): Figure[] {
  const total = after.total - before.total;
  if (total === 0) {
    return [];
  }
  return [
    { label: 'machine: busy (%)', value: round((1 - (after.idle - before.idle) / total) * 100, 1) },
    {
      label: 'machine: stolen by the hypervisor (%)',
      value: round(((after.steal - before.steal) / total) * 100, 1),
    },
  ];
}

function traps({ scenario, machine }: RunData): string[] {
  const found = machineTraps({ machine });
  if (scenario.video?.layers === '180p') {
    found.push('Everyone sends 180p only, so layers are never chosen.');
  }
  return found;
}

/** The limits of a run on one machine, and what disturbed it. */
export function machineTraps({ machine: { before, after } }: MachineRun): string[] {
  const found = [
    'Generator and server share one machine unless --url names another: both are slower than on their own.',
    'Loopback has no interrupts, no link queue and an MTU of 64 KiB; a network card costs more.',
  ];
  const total = after.total - before.total;
  if (total > 0 && (after.steal - before.steal) / total > 0.02) {
    found.push('The hypervisor stole more than 2 % of the CPU: repeat on an idle machine.');
  }
  if (total > 0 && (after.idle - before.idle) / total < 0.1) {
    found.push('The machine was almost fully busy, so delays include waiting for the CPU.');
  }
  return found;
}

function megabits(bytes: number, seconds: number): number {
  return (bytes * 8) / 1e6 / seconds;
}
