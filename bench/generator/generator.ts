import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { clipFile } from '../clips/index.ts';
import { expectedVideoStreams, type Scenario } from '../scenarios/index.ts';
import { makeInvitation } from './invitations.ts';
import { clipsOf } from './load-peer.ts';
import { LoadPeerProcess } from './load-peer-process.ts';
import type { ServerUnderTest } from './local-server.ts';
import { type CpuTimes, machineCpu } from './machine-cpu.ts';
import type { PeerPlan, PeerReport, ProcessSample } from './messages.ts';
import { probeServer, type ServerSnapshot, stagesOfOneMs } from './server-probe.ts';

const DEFAULT_SETTLE_SECONDS = 3;
/** How long streams may take to start on a busy machine. */
const PATIENCE_MS = 30_000;

/** The measurements of one run. */
export interface RunData {
  scenario: Scenario;
  startedAt: Date;
  peers: PeerReport[];
  processes: Array<{ samples: ProcessSample[]; cpuSeconds: number; wallSeconds: number }>;
  server: {
    before: ServerSnapshot;
    /** When all but one had joined. */
    beforeLast: ServerSnapshot;
    /** When everyone had joined and received something from everyone. */
    cameIn: ServerSnapshot;
    joined: ServerSnapshot;
    /** When the measurement began. */
    measuring: ServerSnapshot;
    /** How long the last peer took to reach each stage, for each of its returns, in milliseconds. */
    returnsOfLast: Array<Record<string, number>>;
    after: ServerSnapshot;
  };
  machine: {
    /** Before anyone joined. */
    empty: CpuTimes;
    /** At the same time as the server's `cameIn`. */
    cameIn: CpuTimes;
    before: CpuTimes;
    after: CpuTimes;
  };
}

/**
 * Runs a scenario against a server. `progress` gets status lines. Rooms are called `roomPrefix`-0 and so on; default: a new name each time,
 * so that runs never share a room.
 */
export async function runScenario(
  scenario: Scenario,
  server: ServerUnderTest,
  progress: (line: string) => void,
  roomPrefix = `bench-${Date.now().toString(36)}`,
): Promise<RunData> {
  const startedAt = new Date();
  // Built here once, so that the processes find them in the cache.
  for (const name of clipsOf(scenario)) {
    await clipFile(name);
  }
  const processes = Array.from({ length: scenario.processes ?? 1 }, () => new LoadPeerProcess());
  try {
    const plans = await makePlans(scenario, server, roomPrefix);
    const processOf = (plan: PeerPlan) => processes[plan.index % processes.length] as LoadPeerProcess;
    await Promise.all(
      processes.map((process) => {
        const peers = plans.filter((plan) => processOf(plan) === process);
        process.send({ type: 'prepare', serverUrl: server.url, scenario, peers });
        return process.next('prepared');
      }),
    );
    progress(`${plans.length} identities made`);
    const before = await probeServer(server.url);
    const machineEmpty = machineCpu();
    let joinedPeers = 0;
    const join = async (plan: PeerPlan) => {
      const process = processOf(plan);
      const answer = process.next('joined', plan.index);
      process.send({ type: 'join', index: plan.index });
      const { error } = await answer;
      if (error !== undefined) {
        progress(`peer ${plan.index} failed to join: ${error}`);
        return;
      }
      joinedPeers++;
      // Returns of the last peer are measured separately.
      if (joinedPeers > plans.length) {
        return;
      }
      if (joinedPeers % 10 === 0 || joinedPeers === plans.length) {
        progress(`${joinedPeers} of ${plans.length} joined`);
      }
    };
    // If the last peer joins alone, the server's times for exactly this peer are known.
    const together = scenario.allTogether ? plans.length : plans.length - 1;
    await spread(plans.slice(0, together), scenario.joinsPerSecond, join);
    const beforeLast = await settled(server);
    await spread(plans.slice(together), scenario.joinsPerSecond, join);
    await everybodyReceived(processes, scenario);
    const cameIn = await probeServer(server.url);
    const machineCameIn = machineCpu();
    await delay((scenario.settleSeconds ?? DEFAULT_SETTLE_SECONDS) * 1000);
    const joined = await probeServer(server.url);
    const last = plans.at(-1);
    const returnsOfLast: Array<Record<string, number>> = [];
    for (let count = 0; last && count < (scenario.returnsOfLast ?? 0); count++) {
      const process = processOf(last);
      process.send({ type: 'part', index: last.index });
      await process.next('parted', last.index);
      const empty = await settled(server);
      await join(last);
      returnsOfLast.push(stagesOfOneMs(empty, await settled(server)));
      if (count % 10 === 9) {
        progress(`the last one came back ${count + 1} times`);
      }
    }
    const measuring = await probeServer(server.url);
    const machineBefore = machineCpu();
    for (const process of processes) {
      process.send({ type: 'measure' });
    }
    await measure(processes, scenario, progress);
    const machineAfter = machineCpu();
    const after = await probeServer(server.url);
    const reports = await Promise.all(
      processes.map((process) => {
        process.send({ type: 'finish' });
        return process.next('report');
      }),
    );
    await Promise.all(
      processes.map((process) => {
        process.send({ type: 'leave' });
        return process.next('left');
      }),
    );
    return {
      scenario,
      startedAt,
      peers: reports.flatMap(({ peers }) => peers).sort((a, b) => a.index - b.index),
      processes: reports.map(({ cpuSeconds, wallSeconds }, index) => ({
        samples: processes[index]?.samples ?? [],
        cpuSeconds,
        wallSeconds,
      })),
      server: { before, beforeLast, cameIn, joined, measuring, returnsOfLast, after },
      machine: { empty: machineEmpty, cameIn: machineCameIn, before: machineBefore, after: machineAfter },
    };
  } finally {
    for (const process of processes) {
      process.kill();
    }
  }
}

async function makePlans(
  scenario: Scenario,
  server: ServerUnderTest,
  roomPrefix: string,
): Promise<PeerPlan[]> {
  const plans: PeerPlan[] = [];
  for (let index = 0; index < scenario.rooms * scenario.peersPerRoom; index++) {
    const seat = Math.floor(index / scenario.rooms);
    plans.push({
      index,
      roomId: `${roomPrefix}-${index % scenario.rooms}`,
      invitation: await makeInvitation(server),
      talks: seat < scenario.talkersPerRoom,
      decodes: index < (scenario.decodedStreams ?? 2),
    });
  }
  return plans;
}

/** Calls a function for each of `all`, at a given rate per second. */
async function spread<T>(
  all: readonly T[],
  perSecond: number,
  begin: (each: T) => Promise<void>,
): Promise<void> {
  const startMs = performance.now();
  const begun: Array<Promise<void>> = [];
  for (const [index, each] of all.entries()) {
    await delay(Math.max(0, startMs + (index * 1000) / perSecond - performance.now()));
    begun.push(begin(each));
  }
  await Promise.all(begun);
}

/** Waits until every stream has received something, up to a limit: missing streams are part of the report. */
async function everybodyReceived(processes: readonly LoadPeerProcess[], scenario: Scenario): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (performance.now() < endMs) {
    const streams = processes.reduce((sum, { samples }) => sum + (samples.at(-1)?.videoStreams ?? 0), 0);
    if (streams >= expectedVideoStreams(scenario)) {
      return;
    }
    await delay(200);
  }
}

/** The server's metrics once nobody is still joining. */
async function settled(server: ServerUnderTest): Promise<ServerSnapshot> {
  let snapshot = await probeServer(server.url);
  for (let tries = 0; tries < 20; tries++) {
    await delay(300);
    const next = await probeServer(server.url);
    const isSettled = isDeepStrictEqual(next.joinTotals, snapshot.joinTotals);
    snapshot = next;
    if (isSettled) {
      break;
    }
  }
  return snapshot;
}

async function measure(
  processes: readonly LoadPeerProcess[],
  scenario: Scenario,
  progress: (line: string) => void,
): Promise<void> {
  const endMs = performance.now() + scenario.durationSeconds * 1000;
  while (performance.now() < endMs) {
    await delay(Math.min(5000, endMs - performance.now()));
    const latest = processes.flatMap(({ samples }) => samples.at(-1) ?? []);
    const streams = latest.reduce((sum, sample) => sum + sample.videoStreams, 0);
    const lost = latest.reduce((sum, sample) => sum + sample.lostPackets, 0);
    const remaining = Math.max(0, Math.round((endMs - performance.now()) / 1000));
    progress(`measuring: ${streams} video streams, ${lost} packets lost, ${remaining} s to go`);
  }
}
