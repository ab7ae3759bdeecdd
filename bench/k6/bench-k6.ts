import { machineCpu, probeServer, type ServerUnderTest, startLocalServer } from '../generator/index.ts';
import { printSummary, type Summary } from '../report/index.ts';
import { ensureK6, K6_VERSION } from './build.ts';
import { preparePeople } from './prepare.ts';
import { type K6Run, writeK6Report } from './report.ts';
import { runK6 } from './run-k6.ts';
import { K6_SCENARIOS, type K6Scenario } from './scenarios.ts';

export interface BenchK6Options {
  /** Name of a scenario. */
  scenario: string;
  /** A running server. Default: one is started here. */
  url?: string;
  /** API key of that server. */
  apiKey?: string;
  /** Where the report goes. Default `bench-results`. */
  outDir?: string;
  /** These override the scenario's. */
  durationSeconds?: number | undefined;
  peers?: number | undefined;
  joinsPerSecond?: number | undefined;
  requestsPerSecond?: number | undefined;
}

/**
 * Runs a scenario of k6 and writes its report. Throws TypeError for an unknown scenario or a missing key, GoBuildFailed if k6 is not
 * installed and cannot be built.
 */
export async function benchK6(
  options: BenchK6Options,
  write: (line: string) => void,
): Promise<{ summary: Summary; run: K6Run }> {
  const found = K6_SCENARIOS.find(({ name }) => name === options.scenario);
  if (!found) {
    throw new TypeError(`There is no k6 scenario "${options.scenario}".`);
  }
  if (options.url !== undefined && options.apiKey === undefined) {
    throw new TypeError('With --url, pass the server’s API key: --api-key or CANOPY_API_KEY.');
  }
  const scenario: K6Scenario = {
    ...found,
    durationSeconds: options.durationSeconds ?? found.durationSeconds,
    peers: options.peers ?? found.peers,
    joinsPerSecond: options.joinsPerSecond ?? found.joinsPerSecond,
    requestsPerSecond: options.requestsPerSecond ?? found.requestsPerSecond,
  };
  const k6 = await ensureK6(write);
  const server: ServerUnderTest =
    options.url !== undefined
      ? { url: options.url, apiKey: options.apiKey ?? '' }
      : // Everybody seems to come from an address of their own, as people do.
        await startLocalServer(['--no-sip'], { CANOPY_SERVER_TRUST_PROXY: 'true' });
  try {
    const { peers, joinsPerSecond } = scenario;
    write(`${scenario.name}: ${scenario.description}`);
    write(`enrolling ${peers} people`);
    const people = await preparePeople(server, peers);
    write(`k6 begins: ${peers} people, ${joinsPerSecond} a second`);
    const startedAt = new Date();
    const before = { server: await probeServer(server.url), machine: machineCpu() };
    const result = await runK6(k6, scenario, { url: server.url, people });
    const after = { server: await probeServer(server.url), machine: machineCpu() };
    const run: K6Run = {
      scenario,
      startedAt,
      k6Version: K6_VERSION,
      result,
      server: { before: before.server, after: after.server },
      machine: { before: before.machine, after: after.machine },
    };
    const folder = options.outDir ?? 'bench-results';
    const summary = await writeK6Report(run, folder);
    printSummary(summary, folder, write);
    return { summary, run };
  } finally {
    await server.close?.();
  }
}
