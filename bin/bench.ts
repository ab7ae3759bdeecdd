import {
  benchForwarding,
  benchK6,
  benchOnsets,
  benchPage,
  benchTrips,
  ChromiumUnavailable,
  FORWARDING,
  type ForwardingOptions,
  JOIN_TRIPS,
  K6_SCENARIOS,
  K6Unavailable,
  ONSETS,
  PAGE,
  bench as runBench,
  SCENARIOS,
} from '../bench/index.ts';
import { FIELD_TRIALS } from '../sfu/index.ts';
import { benchPhones, PHONE_SCENARIOS } from './bench-phones.ts';

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
}

const ALL = [...SCENARIOS, ONSETS, PAGE, FORWARDING, JOIN_TRIPS, ...K6_SCENARIOS, ...PHONE_SCENARIOS];

/** A wrong command line, or a missing tool. */
const EXPECTED = [TypeError, K6Unavailable, ChromiumUnavailable];

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
    const { summary } =
      scenario === PAGE.name
        ? await benchPage({ ...options, joins: numberOf(flags.joins) }, say)
        : scenario === FORWARDING.name
          ? await benchForwarding(forwardingOptions(flags), say)
          : scenario === JOIN_TRIPS.name
            ? await benchTrips({ outDir, joins: numberOf(flags.joins) }, say)
            : K6_SCENARIOS.some(({ name }) => name === scenario)
              ? await benchK6({ ...options, ...numbers }, say)
              : await runBench(options, say);
    return summary.invalid.length > 0 || !summary.complete ? 2 : 0;
  } catch (error) {
    if (!EXPECTED.some((kind) => error instanceof kind)) {
      throw error;
    }
    process.stderr.write(`canopy: ${(error as Error).message}\n`);
    return 1;
  }
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
