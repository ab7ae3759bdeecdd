import { CAPACITY } from './capacity/index.ts';
import { ENCRYPTED_JOINS } from './encrypted-joins/index.ts';
import { FORWARDING } from './forwarding/index.ts';
import { type RunData, runScenario, startLocalServer } from './generator/index.ts';
import { K6_SCENARIOS } from './k6/index.ts';
import { ONSETS } from './onsets/index.ts';
import { PAGE } from './page/index.ts';
import { PEERS } from './peers/index.ts';
import { printSummary, type Summary, writeReport } from './report/index.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { JOIN_TRIPS } from './trips/index.ts';

export interface BenchOptions {
  /** Name of a scenario. */
  scenario: string;
  /** A running server, e.g. on another machine. Default: one is started here. */
  url?: string;
  /** API key of that server, from the file api.key in its data folder. */
  apiKey?: string;
  /** Where the report goes. Default `bench-results`. */
  outDir?: string;
  /** Overrides the scenario's duration, in seconds. */
  durationSeconds?: number;
}

/** Runs a scenario and writes its report. Throws TypeError for an unknown scenario or a missing key. */
export async function bench(
  options: BenchOptions,
  write: (line: string) => void,
): Promise<{ summary: Summary; run: RunData }> {
  const found = SCENARIOS.find(({ name }) => name === options.scenario);
  if (!found) {
    const known = [
      ...SCENARIOS,
      ONSETS,
      PAGE,
      FORWARDING,
      JOIN_TRIPS,
      ENCRYPTED_JOINS,
      PEERS,
      CAPACITY,
      ...K6_SCENARIOS,
    ]
      .map(({ name, description }) => `  ${name.padEnd(20)}${description}`)
      .join('\n');
    throw new TypeError(`There is no scenario "${options.scenario}". Known scenarios:\n${known}`);
  }
  if (options.url !== undefined && options.apiKey === undefined) {
    throw new TypeError('With --url, pass the server’s API key: --api-key or CANOPY_API_KEY.');
  }
  const { durationSeconds } = options;
  if (durationSeconds !== undefined && !(durationSeconds >= 1)) {
    throw new TypeError('A run must measure for at least one second, e.g. --seconds 20.');
  }
  const scenario = { ...found, durationSeconds: durationSeconds ?? found.durationSeconds };
  const settings = {
    ...(found.linkMbps && { CANOPY_MEDIA_LINK_MBPS: String(found.linkMbps) }),
    ...(found.encrypted && { CANOPY_MEDIA_ENCRYPTION: 'required' }),
  };
  const server =
    options.url !== undefined
      ? { url: options.url, apiKey: options.apiKey ?? '' }
      : await startLocalServer(['--no-sip'], settings);
  try {
    write(`${scenario.name}: ${scenario.description}`);
    const run = await runScenario(scenario, server, write);
    const folder = options.outDir ?? 'bench-results';
    const summary = await writeReport(run, folder);
    printSummary(summary, folder, write);
    return { summary, run };
  } finally {
    await server.close?.();
  }
}
