import { type CpuTimes, machineCpu, startLocalServer } from '../generator/index.ts';
import {
  type Figure,
  type FiguresRun,
  machineFigures,
  machineTraps,
  printSummary,
  quantile,
  round,
  type Summary,
  writeFiguresReport,
} from '../report/index.ts';
import { type CrowdCosts, crowdCosts } from './crowd.ts';
import { type CreateOnServer, type GroupCosts, groupCosts } from './group-costs.ts';
import { newIdentities } from './identities.ts';

/** Name and description, for the list of scenarios. */
export const ENCRYPTED_JOINS = {
  name: 'encrypted-joins',
  description:
    'What joining an encrypted room costs, without media: time and CPU with 25 people, CPU and the size of messages with 25, 50 and 100.',
} as const;

export interface EncryptedJoinsOptions {
  /** Where the report goes. Default `bench-results`. */
  outDir?: string;
  /** How often the last one leaves and comes back. Default 10. */
  joins?: number | undefined;
  /** The server's side of a group. */
  createOnServer: CreateOnServer;
}

interface EncryptedJoinsRun {
  groups: GroupCosts[];
  crowd: CrowdCosts;
}

const SIZES = [25, 50, 100];
/** People in the room, which is one process here: more of them would wait for each other. */
const CROWD = 25;
/** Goals for it, in milliseconds. */
const GOAL_ALL_IN_MS = 5000;
const GOAL_JOIN_MS = 1500;

/** Measures groups and rooms, and writes the report. */
export async function benchEncryptedJoins(
  { outDir = 'bench-results', joins = 10, createOnServer }: EncryptedJoinsOptions,
  write: (line: string) => void,
): Promise<{ summary: Summary; run: EncryptedJoinsRun }> {
  write(`${ENCRYPTED_JOINS.name}: ${ENCRYPTED_JOINS.description}`);
  const startedAt = new Date();
  const before = machineCpu();
  const server = await startLocalServer(['--no-sip', '--workers', '1'], {
    CANOPY_MEDIA_ENCRYPTION: 'required',
  });
  try {
    const identities = await newIdentities(server, Math.max(...SIZES));
    write(`${identities.length} identities made`);
    const groups = await groupCosts(identities, SIZES, createOnServer);
    write('groups measured');
    const run = { groups, crowd: await crowdCosts(server, identities.slice(0, CROWD), joins) };
    const machine = { before, after: machineCpu() };
    const summary = await writeFiguresReport(report(run, { startedAt, machine }), outDir);
    printSummary(summary, outDir, write);
    return { summary, run };
  } finally {
    await server.close?.();
  }
}

function report(
  run: EncryptedJoinsRun,
  { startedAt, machine }: { startedAt: Date; machine: { before: CpuTimes; after: CpuTimes } },
): FiguresRun {
  const { groups, crowd } = run;
  return {
    ...ENCRYPTED_JOINS,
    startedAt,
    measured: run,
    headline: [...crowdFigures(crowd), ...groups.flatMap(sizeFigures)],
    details: [...groups.flatMap(cpuFigures), ...machineFigures({ machine })],
    notMeasured: [
      'Media: nobody sends any. `encrypted-25` and `encrypted-burst-25` measure that.',
      'Rooms of 50 and 100: their groups are bare clients, without connections.',
    ],
    traps: [
      'All clients of the room are one process, which follows each change of the keys once for each of them.',
      ...machineTraps({ machine }),
    ],
    met: crowd.allInMs <= GOAL_ALL_IN_MS && Math.max(...crowd.returnsMs) <= GOAL_JOIN_MS,
  };
}

function crowdFigures(costs: CrowdCosts): Figure[] {
  const { members } = costs;
  const sorted = [...costs.returnsMs].sort((a, b) => a - b);
  const of = `${members} within 2 s`;
  const last = `number ${members}`;
  return [
    {
      label: `${of}: until everyone has all keys (ms)`,
      value: round(costs.allInMs, 0),
      goal: `<= ${GOAL_ALL_IN_MS}`,
    },
    { label: `${of}: changes of the keys`, value: costs.epochs },
    { label: `${of}: CPU of the server’s Node process (s)`, value: round(costs.serverCpuSeconds, 2) },
    { label: `${of}: CPU of each client (ms)`, value: round((1000 * costs.clientsCpuSeconds) / members, 0) },
    { label: `${last} connects until it has the keys, p50 (ms)`, value: round(quantile(sorted, 0.5), 0) },
    {
      label: `${last} connects until it has the keys, longest (ms)`,
      value: round(sorted.at(-1) ?? 0, 0),
      goal: `<= ${GOAL_JOIN_MS}`,
    },
    {
      label: `${last} leaves and joins: CPU of the server’s Node process (ms)`,
      value: round(1000 * costs.serverCpuPerReturn, 0),
    },
  ];
}

function sizeFigures(costs: GroupCosts): Figure[] {
  const at = `at ${costs.members}`;
  return [
    { label: `${at}: commit of a newcomer (bytes)`, value: costs.joinBytes },
    { label: `${at}: commit that removes somebody (bytes)`, value: costs.removalBytes },
    { label: `${at}: commit that adds ${costs.addedAtOnce} (bytes)`, value: costs.addBytes },
    { label: `${at}: Welcome for these (bytes)`, value: costs.welcomeBytes },
    { label: `${at}: GroupInfo (bytes)`, value: costs.groupInfoBytes },
    { label: `${at}: tree (bytes)`, value: costs.treeBytes },
  ];
}

function cpuFigures(costs: GroupCosts): Figure[] {
  const at = `at ${costs.members}, CPU`;
  return [
    {
      label: `${at}: a newcomer’s commit, everyone’s certificates checked (ms)`,
      value: round(costs.joinCpuMs, 1),
    },
    { label: `${at}: to follow it (ms)`, value: round(costs.followCpuMs, 1) },
    { label: `${at}: the server’s check of it (ms)`, value: round(costs.serverCpuMs, 1) },
    { label: `${at}: to remove somebody (ms)`, value: round(costs.removalCpuMs, 1) },
    { label: `${at}: to add ${costs.addedAtOnce} (ms)`, value: round(costs.addCpuMs, 1) },
    {
      label: `${at}: to be added, everyone’s certificates checked (ms)`,
      value: round(costs.welcomeCpuMs, 1),
    },
  ];
}
