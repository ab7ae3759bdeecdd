/** `npm run bench -- SCENARIO [--url URL --api-key KEY] [--out FOLDER] [--seconds N]`; k6 scenarios also `[--peers N] [--joins-per-second N]` */
import { Command } from 'commander';
import { bench, benchK6, K6_SCENARIOS, K6Unavailable } from './index.ts';

const program = new Command('bench')
  .description('run a scenario of the load generator and write a report')
  .argument('<scenario>', 'its name')
  .option('--url <url>', 'a server that runs already; default: one is started on this machine')
  .option(
    '--api-key <key>',
    'its API key, from the file api.key of its data folder',
    process.env.CANOPY_API_KEY,
  )
  .option('--out <folder>', 'where the report goes', 'bench-results')
  .option('--seconds <seconds>', 'measure for so long instead of what the scenario says')
  .option('--peers <peers>', 'of a k6 scenario: how many people')
  .option('--joins-per-second <rate>', 'of a k6 scenario: how many enter a second')
  .option('--requests-per-second <rate>', 'of a k6 scenario: how many requests a second each of them sends')
  .action(
    async (
      scenario: string,
      options: {
        url?: string;
        apiKey?: string;
        out: string;
        seconds?: string;
        peers?: string;
        joinsPerSecond?: string;
        requestsPerSecond?: string;
      },
    ) => {
      const number = (name: 'seconds' | 'peers' | 'joinsPerSecond' | 'requestsPerSecond') =>
        options[name] === undefined ? undefined : Number(options[name]);
      const common = {
        scenario,
        outDir: options.out,
        ...(options.url !== undefined && { url: options.url }),
        ...(options.apiKey !== undefined && { apiKey: options.apiKey }),
        durationSeconds: number('seconds'),
      };
      const write = (line: string) => void process.stdout.write(`${line}\n`);
      const { summary } = K6_SCENARIOS.some(({ name }) => name === scenario)
        ? await benchK6(
            {
              ...common,
              peers: number('peers'),
              joinsPerSecond: number('joinsPerSecond'),
              requestsPerSecond: number('requestsPerSecond'),
            },
            write,
          )
        : await bench(common, write);
      if (summary.invalid.length > 0 || !summary.complete) process.exitCode = 2;
    },
  );

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(
    `${error instanceof TypeError || error instanceof K6Unavailable ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  process.exitCode = 1;
}
