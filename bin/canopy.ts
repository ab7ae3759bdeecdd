import { Command } from 'commander';
import { CanopyError } from '../base/index.ts';
import type { BenchFlags } from './bench.ts';
import { ensureParts } from './ensure-parts.ts';
import { configOf, withConfig } from './options.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

// The reader of the output may stop early, as `head` does.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
// By default Node would open its debugger.
process.on('SIGUSR1', () => {});

const program = new Command('canopy')
  .description('A conference media server: video conferences, X.509 identity, phones')
  .version(VERSION);

withConfig(program.command('serve').description('run the conference server')).action(
  async (_options, command: Command) => {
    const config = configOf(command);
    await ensureParts('start');
    const { serve } = await import('./serve.ts');
    await serve(config);
  },
);

withConfig(
  program
    .command('sip')
    .description('run the phone gateway alone, beside a server on the same host that runs with --no-sip')
    .option('--metrics-port <port>', 'serve Prometheus metrics on this port of the loopback address'),
).action(async (options: { metricsPort?: string }, command: Command) => {
  const config = configOf(command);
  await ensureParts('start');
  const { sip } = await import('./sip.ts');
  await sip(config, options);
});

withConfig(
  program.command('doctor').description('check versions, worker, ports, addresses and certificates'),
).action(async (_options, command: Command) => {
  const config = configOf(command);
  await ensureParts('start');
  const { doctor } = await import('./doctor.ts');
  process.exitCode = (await doctor(config)) ? 0 : 1;
});

withConfig(
  program.command('health').description('ask the server of a data folder whether it runs; status 1 if not'),
  ['data.dir', 'server.port'],
).action(async (_options, command: Command) => {
  const { health } = await import('./health.ts');
  await health(configOf(command));
});

withConfig(
  program
    .command('invite')
    .description('make a one-time invitation link, on the data folder of a server')
    .option('--role <role>', 'admin, member, guest or bridge', 'member')
    .option('--room <room>', 'room that the invitation leads to; a guest needs one and may enter only that')
    .option('--name <name>', 'name of the invited person')
    .option('--ttl-hours <hours>', 'how long the link may be used, at most 720', '24'),
  ['data.dir', 'server.publicUrl', 'server.port'],
).action(
  async (options: { role: string; room?: string; name?: string; ttlHours: string }, command: Command) => {
    const { invite } = await import('./invite.ts');
    process.stdout.write(`${await invite(configOf(command), options)}\n`);
  },
);

withConfig(
  program
    .command('backup')
    .description('write the database, the CA and the keys to one file; the server may run meanwhile')
    .argument('<file>', 'it holds every secret of the deployment, so only its owner can read it'),
  ['data.dir'],
).action(async (file: string, _options, command: Command) => {
  const { backup } = await import('./backup.ts');
  process.stdout.write(await backup(configOf(command), file));
});

withConfig(
  program
    .command('restore')
    .description(
      'restore a backup into an empty data folder, and into the empty database of store.url if set',
    )
    .argument('<file>', 'from canopy backup, of either database and of this or an older version'),
  ['data.dir'],
).action(async (file: string, _options, command: Command) => {
  const { restore } = await import('./backup.ts');
  process.stdout.write(await restore(configOf(command), file));
});

withConfig(
  program
    .command('migrate')
    .description('move the database of a stopped server from SQLite to PostgreSQL; repeat it if interrupted')
    .option('--to <url>', 'postgres://…, an empty database; default: store.url (which hides the password)'),
  ['data.dir'],
).action(async (options: { to?: string }, command: Command) => {
  const { migrate } = await import('./backup.ts');
  process.stdout.write(await migrate(configOf(command), options));
});

const URL_OPTION = [
  '--url <url>',
  'address of the server, which must run; default: where the data folder says that it listens',
] as const;

withConfig(
  program
    .command('accounts')
    .description('list the accounts of a running server, with their devices')
    .option('--name <text>', 'only people whose name contains this')
    .option('--json', 'print JSON')
    .option(...URL_OPTION),
  ['data.dir', 'server.port'],
).action(async (options: { url?: string; name?: string; json?: boolean }, command: Command) => {
  const { accounts } = await import('./accounts.ts');
  process.stdout.write(await accounts(configOf(command), options));
});

withConfig(
  program
    .command('revoke')
    .description('shut an account out of a running server at once and for good')
    .argument('[account-id]', 'as canopy accounts lists it; its first digits do, if no other begins so')
    .option('--name <name>', 'instead of an id: the whole name, if nobody else has it')
    .option('--device <device-id>', 'only this device of the account; its first digits do')
    .option(...URL_OPTION),
  ['data.dir', 'server.port'],
).action(
  async (
    accountId: string | undefined,
    options: { name?: string; device?: string; url?: string },
    command: Command,
  ) => {
    const { revoke } = await import('./accounts.ts');
    process.stdout.write(await revoke(configOf(command), { id: accountId, ...options }));
  },
);

program
  .command('bench')
  .description('run a scenario of the load generator and write a report')
  .argument('[scenario]', 'its name; without it, all of them are listed')
  .option('--url <url>', 'a server that runs already; default: one is started on this machine')
  .option(
    '--api-key <key>',
    'its API key, from the file api.key of its data folder (or CANOPY_API_KEY)',
    process.env.CANOPY_API_KEY,
  )
  .option('--out <folder>', 'where the report goes', 'bench-results')
  .option('--seconds <seconds>', 'measure for so long instead of what the scenario says')
  .option('--peers <number>', 'of a k6 scenario: how many people')
  .option('--joins-per-second <number>', 'of a k6 scenario: how many people enter a second')
  .option('--requests-per-second <number>', 'of a k6 scenario: how many requests each person sends a second')
  .action(async (scenario: string | undefined, options: BenchFlags) => {
    const { bench, hasScenario } = await import('./bench.ts');
    if (scenario !== undefined) {
      if (!hasScenario(scenario)) {
        throw new UsageError(`there is no scenario ${scenario}; canopy bench lists them`);
      }
      await ensureParts('bench');
    }
    process.exitCode = await bench(scenario, options);
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = 1;
  if (error instanceof UsageError) {
    process.stderr.write(`canopy: ${error.message}\n`);
  } else {
    const { code, message, detail } = CanopyError.from(error);
    process.stderr.write(`canopy: ${message}${detail === undefined ? '' : `\n  ${detail}`} (${code})\n`);
    if (code === 'INTERNAL') process.stderr.write(`${(error as Error).stack}\n`);
  }
}
