import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clipFile } from '../clips/index.ts';
import type { Scenario } from '../scenarios/index.ts';
import { makeInvitation } from './invitations.ts';
import { clipsOf } from './load-peer.ts';
import type { ServerUnderTest } from './local-server.ts';
import { type CpuTimes, machineCpu } from './machine-cpu.ts';
import type { FromPeerProcess, PeerPlan, PeerReport, ProcessSample, ToPeerProcess } from './messages.ts';
import { probeServer, type ServerSnapshot } from './server-probe.ts';

const OWN_FILE = fileURLToPath(import.meta.url);
/** `.js` in the npm package. */
const PEER_PROCESS = path.join(path.dirname(OWN_FILE), `peer-process${path.extname(OWN_FILE)}`);
/** Between the last join and the measurement, so that key frames and estimates settle. */
const SETTLE_MS = 3000;

/** Everything that was measured in one run. */
export interface RunData {
  scenario: Scenario;
  startedAt: Date;
  peers: PeerReport[];
  processes: Array<{ samples: ProcessSample[]; cpuSeconds: number; wallSeconds: number }>;
  server: { before: ServerSnapshot; joined: ServerSnapshot; after: ServerSnapshot };
  machine: { before: CpuTimes; after: CpuTimes };
}

type Message<T extends FromPeerProcess['type']> = Extract<FromPeerProcess, { type: T }>;

/** A peer process and what it says. */
class PeerProcess {
  readonly samples: ProcessSample[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, (message: FromPeerProcess) => void>();
  readonly #failed: Promise<never>;

  constructor() {
    this.#child = fork(PEER_PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message: FromPeerProcess) => this.#receive(message));
    this.#failed = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`a process of load peers ended with ${code}`);
    });
    // Rejects whoever waits; nobody may be waiting.
    this.#failed.catch(() => {});
  }

  send(message: ToPeerProcess): void {
    this.#child.send(message);
  }

  /** The next message of a type (and of `joined`, of a peer). */
  next<T extends 'prepared' | 'joined' | 'report'>(type: T, index?: number): Promise<Message<T>> {
    const answered = new Promise<Message<T>>((resolve) => {
      this.#waiting.set(`${type} ${index ?? ''}`, (message) => resolve(message as Message<T>));
    });
    return Promise.race([answered, this.#failed]);
  }

  kill(): void {
    this.#child.kill();
  }

  #receive(message: FromPeerProcess): void {
    if (message.type === 'sample') {
      this.samples.push(message.sample);
      return;
    }
    const key = `${message.type} ${message.type === 'joined' ? message.index : ''}`;
    this.#waiting.get(key)?.(message);
    this.#waiting.delete(key);
  }
}

/**
 * Runs a scenario against a server. `progress` gets a line now and then. Rooms are called `roomPrefix`-0 and so on; default: a new name
 * each time, so that a run never meets people of another.
 */
export async function runScenario(
  scenario: Scenario,
  server: ServerUnderTest,
  progress: (line: string) => void,
  roomPrefix = `bench-${Date.now().toString(36)}`,
): Promise<RunData> {
  const startedAt = new Date();
  // Built here once, so that the processes find them.
  for (const name of clipsOf(scenario)) await clipFile(name);
  const processes = Array.from({ length: scenario.processes ?? 1 }, () => new PeerProcess());
  try {
    const plans = await makePlans(scenario, server, roomPrefix);
    const processOf = (plan: PeerPlan) => processes[plan.index % processes.length] as PeerProcess;
    await Promise.all(
      processes.map((process) => {
        const peers = plans.filter((plan) => processOf(plan) === process);
        process.send({ type: 'prepare', serverUrl: server.url, scenario, peers });
        return process.next('prepared');
      }),
    );
    progress(`${plans.length} identities made`);
    const before = await probeServer(server.url);
    await joinAll(plans, processOf, scenario, progress);
    await delay(SETTLE_MS);
    const joined = await probeServer(server.url);
    const machineBefore = machineCpu();
    for (const process of processes) process.send({ type: 'measure' });
    await measure(processes, scenario, progress);
    const machineAfter = machineCpu();
    const after = await probeServer(server.url);
    const reports = await Promise.all(
      processes.map((process) => {
        process.send({ type: 'finish' });
        return process.next('report');
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
      server: { before, joined, after },
      machine: { before: machineBefore, after: machineAfter },
    };
  } finally {
    for (const process of processes) process.kill();
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

async function joinAll(
  plans: readonly PeerPlan[],
  processOf: (plan: PeerPlan) => PeerProcess,
  scenario: Scenario,
  progress: (line: string) => void,
): Promise<void> {
  const startMs = performance.now();
  const joins: Array<Promise<unknown>> = [];
  let done = 0;
  for (const plan of plans) {
    await delay(Math.max(0, startMs + (plan.index * 1000) / scenario.joinsPerSecond - performance.now()));
    const process = processOf(plan);
    joins.push(
      process.next('joined', plan.index).then(({ error }) => {
        done++;
        if (error !== undefined) progress(`peer ${plan.index} failed to join: ${error}`);
        else if (done % 10 === 0 || done === plans.length) progress(`${done} of ${plans.length} joined`);
      }),
    );
    process.send({ type: 'join', index: plan.index });
  }
  await Promise.all(joins);
}

async function measure(
  processes: readonly PeerProcess[],
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
