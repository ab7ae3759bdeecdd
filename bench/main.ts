/** `npm run bench -- SCENARIO [--url URL --api-key KEY] [--out FOLDER] [--seconds N]` */
import { Command } from 'commander';
import { bench } from './index.ts';

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
  .action(
    async (scenario: string, options: { url?: string; apiKey?: string; out: string; seconds?: string }) => {
      const { summary } = await bench(
        {
          scenario,
          outDir: options.out,
          ...(options.url !== undefined && { url: options.url }),
          ...(options.apiKey !== undefined && { apiKey: options.apiKey }),
          ...(options.seconds !== undefined && { durationSeconds: Number(options.seconds) }),
        },
        (line) => process.stdout.write(`${line}\n`),
      );
      if (summary.invalid.length > 0 || !summary.complete) process.exitCode = 2;
    },
  );

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(
    `${error instanceof TypeError ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  process.exitCode = 1;
}
