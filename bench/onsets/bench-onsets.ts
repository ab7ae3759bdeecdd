import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadClip, RECIPES } from '../clips/index.ts';
import { type RunData, runScenario, startLocalServer } from '../generator/index.ts';
import { environment } from '../report/index.ts';
import type { Scenario } from '../scenarios/index.ts';
import { everyPacket, lostSpeech } from './lost-speech.ts';
import { onsetsOfRoom } from './onset-room.ts';

/** Name and description, for the list of scenarios. */
export const ONSETS = {
  name: 'onsets',
  description:
    'How much of each speech onset is lost, and what audio costs: forwarding the loudest three, and everyone.',
} as const;

const ROOMS = 2;
const LISTENERS = 7;
/** With five people in two rooms, this gives 200 onsets. */
const ROUNDS = 20;
const GOAL_P95_MS = 100;
/** UDP, IPv4 and the SRTP tag of AEAD_AES_128_GCM, in bytes per packet. */
const PACKET_OVERHEAD_BYTES = 8 + 20 + 16;

const POLICIES = [
  { name: 'the loudest three', audibleSpeakers: 3 },
  { name: 'everybody, under DTX', audibleSpeakers: 0 },
];

const CROWD: Scenario = {
  name: 'audio-25-six-talk',
  description: '25 people in one room without cameras; six talk.',
  rooms: 1,
  peersPerRoom: 25,
  joinsPerSecond: 10,
  durationSeconds: 20,
  talkersPerRoom: 6,
};

/** What one policy loses and costs; units are in the names. */
export interface OnsetResult {
  policy: string;
  /** Whether everyone joined and subscribed to everyone; otherwise the costs are meaningless. */
  complete: boolean;
  onsets: number;
  lostP50Ms: number;
  lostP95Ms: number;
  lostMostMs: number;
  packetsPerSecondPerReceiver: number;
  kbpsPerReceiver: number;
  workerCpuPercent: number;
  nodeCpuPercent: number;
}

/** Measures speech onsets and the cost of audio under each policy; writes `onsets.json`. */
export async function benchOnsets(
  { outDir = 'bench-results', durationSeconds }: { outDir?: string; durationSeconds?: number | undefined },
  write: (line: string) => void,
): Promise<{ results: OnsetResult[]; goalMet: boolean }> {
  const clip = await loadClip('onset');
  const alone = await lostSpeech(clip, RECIPES.onset, everyPacket(clip, 3));
  write(`the encoder alone loses ${Math.max(...alone)} ms of an onset`);
  const results: OnsetResult[] = [];
  for (const { name: policy, audibleSpeakers } of POLICIES) {
    const server = await startLocalServer(['--no-sip'], {
      CANOPY_MEDIA_AUDIBLE_SPEAKERS: `${audibleSpeakers}`,
    });
    try {
      write(`${policy}: ${ROOMS * 5 * ROUNDS} onsets`);
      const rooms = Array.from({ length: ROOMS }, (_, room) =>
        onsetsOfRoom(server, {
          roomId: `onsets-${room}`,
          listeners: LISTENERS,
          rounds: ROUNDS,
          clip,
          onset: RECIPES.onset,
        }),
      );
      const lost = (await Promise.all(rooms)).flat().sort((a, b) => a - b);
      write(`${policy}: the cost of audio among ${CROWD.peersPerRoom}`);
      const scenario = { ...CROWD, durationSeconds: durationSeconds ?? CROWD.durationSeconds };
      const run = await runScenario(scenario, server, () => undefined);
      results.push({
        policy,
        complete: run.peers.every(({ audioStreams }) => audioStreams === CROWD.peersPerRoom - 1),
        onsets: lost.length,
        lostP50Ms: quantile(lost, 0.5),
        lostP95Ms: quantile(lost, 0.95),
        lostMostMs: quantile(lost, 1),
        ...costs(run),
      });
    } finally {
      await server.close?.();
    }
  }
  await mkdir(outDir, { recursive: true });
  const file = path.join(outDir, `${ONSETS.name}.json`);
  await writeFile(
    file,
    `${JSON.stringify({ environment: environment(), encoderLosesMs: alone, results }, null, 1)}\n`,
  );
  for (const result of results) {
    write(
      Object.entries(result)
        .map(([name, value]) => `${name} ${typeof value === 'number' ? round(value) : value}`)
        .join(', '),
    );
  }
  write(`report: ${file}`);
  for (const { policy } of results.filter(({ complete }) => !complete)) {
    write(`INVALID: ${policy}: not everybody received everybody`);
  }
  const goalMet = results.every(
    ({ complete, onsets, lostP95Ms }) =>
      complete && onsets === ROOMS * 5 * ROUNDS && lostP95Ms <= GOAL_P95_MS,
  );
  return { results, goalMet };
}

function costs(
  run: RunData,
): Omit<OnsetResult, 'policy' | 'complete' | 'onsets' | 'lostP50Ms' | 'lostP95Ms' | 'lostMostMs'> {
  const { peers, processes, server } = run;
  const seconds = Math.max(...processes.map(({ wallSeconds }) => wallSeconds));
  const serverSeconds = (server.after.atMs - server.joined.atMs) / 1000;
  const packets = peers.reduce((sum, { inbound }) => sum + inbound.packets, 0);
  const bytes = peers.reduce(
    (sum, { link }) => sum + link.receivedBytes + link.receivedPackets * PACKET_OVERHEAD_BYTES,
    0,
  );
  const percent = (used: 'workerCpuSeconds' | 'nodeCpuSeconds') =>
    ((server.after[used] - server.joined[used]) / serverSeconds) * 100;
  return {
    packetsPerSecondPerReceiver: packets / seconds / peers.length,
    kbpsPerReceiver: (bytes * 8) / 1000 / seconds / peers.length,
    workerCpuPercent: percent('workerCpuSeconds'),
    nodeCpuPercent: percent('nodeCpuSeconds'),
  };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
