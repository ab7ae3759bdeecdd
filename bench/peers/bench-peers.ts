import os from 'node:os';
import { type SendFloor, sendFloor } from '../forwarding/index.ts';
import { machineCpu } from '../generator/index.ts';
import { type Figure, printSummary, type Summary } from '../report/index.ts';
import { ServerGroup, SystemUnavailable } from '../server-group/index.ts';
import { measureJoins } from './measure-joins.ts';
import { measureLoad } from './measure-load.ts';
import type { PeersRun } from './peers-run.ts';
import { writePeersReport } from './report.ts';
import { PEERS_SCENARIOS, type PeersScenario } from './scenarios.ts';
import { startServer } from './start-server.ts';
import { SYSTEMS, VARIANTS, type Variant, variantName } from './systems.ts';

/** Name and description, for the list of scenarios. */
export const PEERS = {
  name: 'peers',
  description:
    'Canopy, LiveKit and Janus in turn, with the same people and clips: CPU, capacity, delay, memory, joins.',
} as const;

export interface PeersOptions {
  /** Scenarios, and `join`; comma-separated. Default: all. */
  only?: string | undefined;
  /** Systems, comma-separated. Default: all. */
  systems?: string | undefined;
  /** How often everything is measured; every other time in the opposite order. Default 2. */
  rounds?: number | undefined;
  /** Duration of each measurement, in seconds. Default 8. */
  seconds?: number | undefined;
  /** How long a room rests before it is measured, in seconds. Default 30. */
  settle?: number | undefined;
  /** Measures phones, for the scenario `phones`. */
  phones?: () => Promise<Figure[]>;
  /** Where the report goes. Default `bench-results`. */
  outDir?: string | undefined;
}

/** Payload, RTP and UDP of the packets whose floor is measured, in bytes. */
const FLOOR_BYTES = { video: 1139, audio: 160 };
const DEFAULT_SECONDS = 8;
/** Until V8 has compiled what a settled room needs: after 10 s, Node still uses three times as much as after 30. */
const DEFAULT_SETTLE_SECONDS = 30;
const JOIN = 'join';
const PHONES = 'phones';

/** Measures, and writes the report after each measurement. @throws {TypeError} wrong options. @throws {SystemUnavailable} no system can be measured */
export async function benchPeers(
  options: PeersOptions,
  write: (line: string) => void,
): Promise<{ summary: Summary; run: PeersRun }> {
  const names = [...PEERS_SCENARIOS.map(({ name }) => name), JOIN, PHONES];
  const wanted = chosen(options.only, names);
  const systems = chosen(options.systems, [...SYSTEMS]);
  const { rounds = 2, seconds = DEFAULT_SECONDS, settle = DEFAULT_SETTLE_SECONDS } = options;
  if (!(rounds >= 1 && seconds >= 1 && settle >= 0)) {
    throw new TypeError('--rounds and --seconds must be at least 1, and --settle at least 0');
  }
  const address = ownAddress();
  const outDir = options.outDir ?? 'bench-results';
  write(`${PEERS.name}: ${PEERS.description}`);
  const run: PeersRun = {
    startedAt: new Date(),
    command: commandOf(options),
    scenarios: PEERS_SCENARIOS.filter(({ name }) => wanted.includes(name)),
    seconds,
    settleSeconds: settle,
    measured: [],
    versions: {},
    skipped: {},
    failed: [],
    floors: [],
    phones: wanted.includes(PHONES) ? ((await options.phones?.()) ?? []) : [],
    machine: { before: machineCpu(), after: machineCpu() },
  };
  for (let round = 0; round < rounds; round++) {
    for (const scenario of [...run.scenarios, JOIN as typeof JOIN].filter(
      (each) => each !== JOIN || wanted.includes(JOIN),
    )) {
      const floor = await floorOf(scenario);
      if (floor) {
        run.floors.push({ scenario: scenario === JOIN ? JOIN : scenario.name, ...floor });
      }
      const variants = VARIANTS.filter(({ system }) => systems.includes(system) && !run.skipped[system]);
      for (const variant of round % 2 === 0 ? variants : [...variants].reverse()) {
        // The decision whether there is estimation does not change how somebody joins.
        if (scenario === JOIN && !variant.estimation && variant.system !== 'janus') {
          continue;
        }
        try {
          await measureOne(run, { variant, scenario, round, address }, write);
          // Of a run that is interrupted, so much is known.
          run.machine.after = machineCpu();
          await writePeersReport(run, outDir);
        } catch (error) {
          if (error instanceof SystemUnavailable) {
            run.skipped[variant.system] = error.message;
            write(`skipped: ${error.message}`);
          } else {
            // The others can be measured all the same.
            const what = `${scenario === JOIN ? JOIN : scenario.name}, ${variantName(variant)}`;
            run.failed.push(`${what}: ${error instanceof Error ? error.message : error}`);
            write(`failed: ${run.failed.at(-1)}`);
          }
        }
      }
    }
  }
  if (run.measured.length === 0 && run.phones.length === 0) {
    throw new SystemUnavailable([...Object.values(run.skipped), ...run.failed].join('; '));
  }
  const summary = await writePeersReport(run, outDir);
  printSummary(summary, outDir, write);
  return { summary, run };
}

async function measureOne(
  run: PeersRun,
  {
    variant,
    scenario,
    round,
    address,
  }: { variant: Variant; scenario: PeersScenario | typeof JOIN; round: number; address: string },
  write: (line: string) => void,
): Promise<void> {
  const group = await ServerGroup.create(`canopy-peers-${process.pid}`);
  try {
    const server = await startServer(
      variant.system,
      { estimation: variant.estimation, address, group },
      write,
    );
    run.versions[variant.system] = server.version;
    try {
      if (scenario === JOIN) {
        const result = await measureJoins(variant, server);
        run.measured.push({ kind: 'join', variant, round, result });
        write(
          `join, ${variantName(variant)}: ${result.nearMs.toFixed(0)} ms, ${result.roundTrips.toFixed(1)} round trips`,
        );
        return;
      }
      const result = await measureLoad(variant, scenario, server, run);
      run.measured.push({ kind: 'load', scenario: scenario.name, variant, round, result });
      const { free, knee } = result;
      write(
        `${scenario.name}, ${variantName(variant)}: ${free.packetUs.toFixed(1)} µs per packet, ` +
          `${free.packetsPerSecond.toFixed(0)} per second, knee ${knee?.packetsPerSecondPerCore.toFixed(0) ?? 'not found'} per core`,
      );
    } finally {
      await server.close();
    }
  } finally {
    await group.remove();
  }
}

function floorOf(scenario: PeersScenario | typeof JOIN): Promise<SendFloor> | undefined {
  if (scenario === JOIN) {
    return undefined;
  }
  return sendFloor(scenario.videoStreams > 0 ? FLOOR_BYTES.video : FLOOR_BYTES.audio, undefined);
}

/** The wanted ones among all. @throws {TypeError} */
function chosen(list: string | undefined, all: readonly string[]): string[] {
  const wanted = list?.split(',') ?? [...all];
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`There is no ${unknown} here; known: ${all.join(', ')}.`);
  }
  return wanted;
}

/** An address of this machine that is no loopback address, because Janus offers none; its packets pass over loopback all the same. */
function ownAddress(): string {
  const found = Object.values(os.networkInterfaces())
    .flat()
    .find((each) => each && !each.internal && each.family === 'IPv4');
  if (!found) {
    throw new SystemUnavailable(
      'This machine has no IPv4 address but loopback, on which Janus offers no media',
    );
  }
  return found.address;
}

function commandOf({ only, systems, rounds, seconds, settle }: PeersOptions): string {
  const flags = Object.entries({ only, systems, rounds, seconds, settle }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${value}`],
  );
  return ['npm run bench --', PEERS.name, ...flags].join(' ');
}
