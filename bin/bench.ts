import {
  benchK6,
  benchOnsets,
  K6_SCENARIOS,
  K6Unavailable,
  ONSETS,
  bench as runBench,
  SCENARIOS,
} from '../bench/index.ts';
import { benchPhones, PHONE_SCENARIOS } from './bench-phones.ts';

export interface BenchFlags {
  url?: string;
  apiKey?: string;
  out: string;
  seconds?: string;
  peers?: string;
  joinsPerSecond?: string;
  requestsPerSecond?: string;
}

const ALL = [...SCENARIOS, ONSETS, ...K6_SCENARIOS, ...PHONE_SCENARIOS];

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
    const { summary } = K6_SCENARIOS.some(({ name }) => name === scenario)
      ? await benchK6({ ...options, ...numbers }, say)
      : await runBench(options, say);
    return summary.invalid.length > 0 || !summary.complete ? 2 : 0;
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof K6Unavailable)) {
      throw error;
    }
    process.stderr.write(`canopy: ${error.message}\n`);
    return 1;
  }
}

function numberOf(flag: string | undefined): number | undefined {
  return flag === undefined ? undefined : Number(flag);
}
