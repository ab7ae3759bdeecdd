import {
  benchCapacity,
  benchEncryptedJoins,
  benchForwarding,
  benchK6,
  benchOnsets,
  benchPage,
  benchPeers,
  benchTrips,
  CAPACITY,
  type CapacityOptions,
  ChromiumUnavailable,
  ENCRYPTED_JOINS,
  FORWARDING,
  type ForwardingOptions,
  GoBuildFailed,
  JOIN_TRIPS,
  K6_SCENARIOS,
  ONSETS,
  PAGE,
  PEERS,
  type PeersOptions,
  bench as runBench,
  SCENARIOS,
  SystemUnavailable,
} from '../bench/index.ts';
import { FIELD_TRIALS } from '../sfu/index.ts';
import { PublicGroup } from '../signaling/index.ts';
import { benchPhones, CAPACITY_PHONES, PHONE_SCENARIOS } from './bench-phones.ts';

export interface BenchFlags {
  url?: string;
  apiKey?: string;
  out: string;
  seconds?: string;
  peers?: string;
  joinsPerSecond?: string;
  requestsPerSecond?: string;
  joins?: string;
  worker?: string;
  against?: string;
  receivers?: string;
  publishers?: string;
  codec?: string;
  kbps?: string;
  estimation?: string;
  only?: string;
  systems?: string;
  rounds?: string;
  settle?: string;
  cores?: string;
}

const ALL = [
  ...SCENARIOS,
  ...[ONSETS, PAGE, FORWARDING, JOIN_TRIPS, ENCRYPTED_JOINS, PEERS, CAPACITY],
  ...K6_SCENARIOS,
  ...PHONE_SCENARIOS,
];

/** A wrong command line, or a missing tool. */
const EXPECTED = [TypeError, GoBuildFailed, ChromiumUnavailable, SystemUnavailable];

export function hasScenario(name: string): boolean {
  return ALL.some((scenario) => scenario.name === name);
}

/** Runs a scenario of the load generator. Returns the exit status: 0 for success, 1 for a wrong command line, 2 for an invalid or incomplete run. */
export async function bench(scenario: string | undefined, flags: BenchFlags): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (scenario === undefined) {
    for (const { name, description } of ALL) {
      say(`${name.padEnd(20)}${description}`);
    }
    return 0;
  }
  const { url, apiKey, out: outDir } = flags;
  const phones = PHONE_SCENARIOS.find(({ name }) => name === scenario);
  if (phones) {
    const summary = await benchPhones(phones, { outDir, durationSeconds: numberOf(flags.seconds) }, say);
    return summary.complete ? 0 : 2;
  }
  const options = { scenario, outDir, url, apiKey, durationSeconds: numberOf(flags.seconds) };
  const numbers = {
    peers: numberOf(flags.peers),
    joinsPerSecond: numberOf(flags.joinsPerSecond),
    requestsPerSecond: numberOf(flags.requestsPerSecond),
  };
  if (scenario === ONSETS.name) {
    const { goalMet } = await benchOnsets({ outDir, durationSeconds: options.durationSeconds }, say);
    return goalMet ? 0 : 2;
  }
  try {
    const run = () => {
      if (K6_SCENARIOS.some(({ name }) => name === scenario)) {
        return benchK6({ ...options, ...numbers }, say);
      }
      switch (scenario) {
        case PAGE.name:
          return benchPage({ ...options, joins: numberOf(flags.joins) }, say);
        case FORWARDING.name:
          return benchForwarding(forwardingOptions(flags), say);
        case JOIN_TRIPS.name:
          return benchTrips({ outDir, joins: numberOf(flags.joins) }, say);
        case ENCRYPTED_JOINS.name:
          return benchEncryptedJoins(
            { outDir, joins: numberOf(flags.joins), createOnServer: PublicGroup.create },
            say,
          );
        case PEERS.name:
          return benchPeers(peersOptions(flags), say);
        case CAPACITY.name:
          return benchCapacity(capacityOptions(flags), say);
        default:
          return runBench(options, say);
      }
    };
    const { summary } = await run();
    return summary.invalid.length > 0 || !summary.complete ? 2 : 0;
  } catch (error) {
    if (!EXPECTED.some((kind) => error instanceof kind)) {
      throw error;
    }
    process.stderr.write(`canopy: ${(error as Error).message}\n`);
    return 1;
  }
}

function peersOptions({ only, systems, rounds, seconds, settle, out: outDir }: BenchFlags): PeersOptions {
  const phones = PHONE_SCENARIOS.find(({ name }) => name === 'sip-cost');
  return {
    only,
    systems,
    outDir,
    rounds: numberOf(rounds),
    seconds: numberOf(seconds),
    settle: numberOf(settle),
    ...(phones && {
      phones: async () =>
        (await phones.measure({ seconds: phones.durationSeconds, server: undefined })).headline,
    }),
  };
}

function capacityOptions({ only, out: outDir, ...flags }: BenchFlags): CapacityOptions {
  return {
    only,
    outDir,
    cores: numberOf(flags.cores),
    seconds: numberOf(flags.seconds),
    phones: CAPACITY_PHONES,
  };
}

function forwardingOptions({
  worker,
  against,
  codec,
  estimation,
  out: outDir,
  ...flags
}: BenchFlags): ForwardingOptions {
  if (estimation !== undefined && estimation !== 'on' && estimation !== 'off') {
    throw new TypeError('--estimation must be on or off');
  }
  return {
    worker,
    against,
    codec,
    outDir,
    estimation: estimation !== 'off',
    fieldTrials: FIELD_TRIALS,
    publishers: numberOf(flags.publishers),
    receivers: numberOf(flags.receivers),
    kbps: numberOf(flags.kbps),
    seconds: numberOf(flags.seconds),
  };
}

function numberOf(flag: string | undefined): number | undefined {
  return flag === undefined ? undefined : Number(flag);
}
