import { bench as runBench, SCENARIOS } from '../bench/index.ts';

export interface BenchFlags {
  url?: string;
  apiKey?: string;
  out: string;
  seconds?: string;
}

/** Runs a scenario of the load generator; gives the exit status: 0, 1 for a wrong command line, 2 for a run that shows no capacity. */
export async function bench(scenario: string | undefined, flags: BenchFlags): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (scenario === undefined) {
    for (const { name, description } of SCENARIOS) {
      say(`${name.padEnd(20)}${description}`);
    }
    return 0;
  }
  const durationSeconds = flags.seconds === undefined ? undefined : Number(flags.seconds);
  try {
    const { summary } = await runBench(
      { scenario, outDir: flags.out, url: flags.url, apiKey: flags.apiKey, durationSeconds },
      say,
    );
    return summary.invalid.length > 0 || !summary.complete ? 2 : 0;
  } catch (error) {
    if (!(error instanceof TypeError)) {
      throw error;
    }
    process.stderr.write(`canopy: ${error.message}\n`);
    return 1;
  }
}
