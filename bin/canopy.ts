import { Command } from 'commander';
import { CanopyError } from '../base/index.ts';
import { addAccountCommands } from './account-commands.ts';
import { addAdminCommands } from './admin-commands.ts';
import type { BenchFlags } from './bench.ts';
import { ensureParts } from './ensure-parts.ts';
import type { InviteOptions } from './invite.ts';
import { onRunningServer } from './on-running-server.ts';
import { commaSeparated, configOf, withConfig } from './options.ts';
import type { TokenOptions } from './tokens.ts';
import type { TranscribeOptions } from './transcribe.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

// Ignore errors when the reader of the output stops early, as `head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => {});
}
// By default, Node would open its debugger on this signal.
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
    .description('run only the phone gateway, next to a server on the same host started with --no-sip')
    .option('--metrics-port <port>', 'serve Prometheus metrics on this port of the loopback address'),
).action(async (options: { metricsPort?: string }, command: Command) => {
  const config = configOf(command);
  await ensureParts('start');
  const { sip } = await import('./sip.ts');
  await sip(config, options);
});

program
  .command('transcribe')
  .description(
    'run a transcription service for captions, with sherpa-onnx and a model of your choice (secret: CANOPY_CAPTIONS_SECRET)',
  )
  .requiredOption('--model-url <url>', 'archive of a streaming transducer model (.tar.bz2)')
  .requiredOption('--model-sha256 <hash>', 'SHA-256 of the archive, compared at each start')
  .option('--model-dir <dir>', 'where the archive is kept', 'data/models')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <port>', 'TCP port', '2700')
  .option('--voices <number>', 'how many voices are recognised at the same time', '16')
  .option('--threads <number>', 'threads for a voice', '1')
  .action(async (options: TranscribeOptions) => {
    const { transcribe } = await import('./transcribe.ts');
    await transcribe(options);
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
  program
    .command('health')
    .description('check whether the server of a data folder is running; exit status 1 if not'),
  ['data.dir', 'server.port'],
).action(async (_options, command: Command) => {
  const { OwnApi } = await import('./own-api.ts');
  await new OwnApi(configOf(command)).call('GET', '/healthz');
});

withConfig(
  program
    .command('invite')
    .description('create an invitation link, in the data folder of a server')
    .option('--role <role>', 'admin, member, guest or bridge', 'member')
    .option(
      '--room <room>',
      'room that the invitation leads to; required for guests, who may enter only that one',
    )
    .option('--name <name>', 'name of the invited person')
    .option(
      '--link',
      'create a link to --room that anyone can use; by default they wait until someone admits them',
    )
    .option(
      '--ttl-hours <hours>',
      'how long the link is valid (default 24, at most 720; with --link default 672, at most 8784)',
    ),
  ['data.dir', 'server.publicUrl', 'server.port'],
).action(async (options: InviteOptions, command: Command) => {
  const { invite } = await import('./invite.ts');
  const { link, note } = await invite(configOf(command), options);
  process.stdout.write(`${link}\n`);
  process.stderr.write(note);
});

withConfig(
  program
    .command('backup')
    .description('write the database, the CA and the keys to one file, even while the server is running')
    .argument('<file>', 'contains the secrets of the deployment; only its owner can read it')
    .option(
      '--with-files-key',
      'also the secret that encrypts the files of chats, if it is in the data folder',
    ),
  ['data.dir'],
).action(async (file: string, options: { withFilesKey?: boolean }, command: Command) => {
  const { backup } = await import('./backup.ts');
  process.stdout.write(await backup(configOf(command), file, options));
});

withConfig(
  program
    .command('restore')
    .description(
      'restore a backup into an empty data folder, and into the empty database at store.url if set',
    )
    .argument('<file>', 'written by canopy backup, with either database, of this or an older version'),
  ['data.dir'],
).action(async (file: string, _options, command: Command) => {
  const { restore } = await import('./backup.ts');
  process.stdout.write(await restore(configOf(command), file));
});

withConfig(
  program
    .command('migrate')
    .description(
      'move the database of a stopped server from SQLite to PostgreSQL; if interrupted, run it again',
    )
    .option(
      '--to <url>',
      'an empty database, postgres://…; default: store.url, which does not show the password in the process list',
    ),
  ['data.dir'],
).action(async (options: { to?: string }, command: Command) => {
  const { migrate } = await import('./backup.ts');
  process.stdout.write(await migrate(configOf(command), options));
});

addAccountCommands(program);
addAdminCommands(program);

const token = program.command('token').description('manage tokens for the REST API of a running server');

onRunningServer(
  token
    .command('create')
    .description('create a token and print it; it cannot be shown again')
    .argument('<name>', 'what it is for')
    .requiredOption('--scope <scopes>', 'what it permits, comma-separated, e.g. rooms:read', commaSeparated)
    .option('--room <rooms>', 'the only rooms that it reaches, comma-separated', commaSeparated)
    .option('--expires-days <days>', 'validity in days, or never (default 365)')
    .option('--json', 'print JSON'),
).action(async (name: string, options: TokenOptions, command: Command) => {
  const { createToken } = await import('./tokens.ts');
  const { secret, note } = await createToken(configOf(command), name, options);
  process.stdout.write(`${secret}\n`);
  process.stderr.write(note);
});

onRunningServer(
  token.command('list').description('list the tokens, without their secrets').option('--json', 'print JSON'),
).action(async (options: { url?: string; json?: boolean }, command: Command) => {
  const { listTokens } = await import('./tokens.ts');
  process.stdout.write(await listTokens(configOf(command), options));
});

onRunningServer(
  token
    .command('revoke')
    .description('revoke a token immediately')
    .argument('<token>', 'its name or id, as listed by canopy token list'),
).action(async (nameOrId: string, options: { url?: string }, command: Command) => {
  const { revokeToken } = await import('./tokens.ts');
  process.stdout.write(await revokeToken(configOf(command), nameOrId, options));
});

const webhook = program
  .command('webhook')
  .description('manage the webhooks of a running server, which report events to other servers');

onRunningServer(
  webhook
    .command('create')
    .description('create a webhook and print its secret; it cannot be shown again')
    .argument('<name>', 'what it is for')
    .argument('<target>', 'the URL that events are sent to')
    .requiredOption('--events <types>', 'comma-separated, e.g. room.started,room.ended', commaSeparated)
    .option('--json', 'print JSON'),
).action(
  async (
    name: string,
    target: string,
    options: { url?: string; events: string[]; json?: boolean },
    command: Command,
  ) => {
    const { createWebhook } = await import('./webhooks.ts');
    const { secret, note } = await createWebhook(configOf(command), name, target, options);
    process.stdout.write(`${secret}\n`);
    process.stderr.write(note);
  },
);

onRunningServer(
  webhook.command('list').description('list the webhooks with their state').option('--json', 'print JSON'),
).action(async (options: { url?: string; json?: boolean }, command: Command) => {
  const { listWebhooks } = await import('./webhooks.ts');
  process.stdout.write(await listWebhooks(configOf(command), options));
});

onRunningServer(
  webhook
    .command('ping')
    .description('send a test event and wait for the answer; exit status 1 if it was not delivered')
    .argument('<webhook>', 'its name or id'),
).action(async (nameOrId: string, options: { url?: string }, command: Command) => {
  const { pingWebhook } = await import('./webhooks.ts');
  const { text, delivered } = await pingWebhook(configOf(command), nameOrId, options);
  process.stdout.write(text);
  process.exitCode = delivered ? 0 : 1;
});

for (const enabled of [true, false]) {
  onRunningServer(
    webhook
      .command(enabled ? 'enable' : 'disable')
      .description(
        enabled ? 'send events again, e.g. after it failed for too long' : 'send nothing until it is enabled',
      )
      .argument('<webhook>', 'its name or id'),
  ).action(async (nameOrId: string, options: { url?: string }, command: Command) => {
    const { enableWebhook } = await import('./webhooks.ts');
    process.stdout.write(await enableWebhook(configOf(command), nameOrId, { ...options, enabled }));
  });
}

onRunningServer(
  webhook
    .command('delete')
    .description('delete a webhook, with what waits for it')
    .argument('<webhook>', 'its name or id'),
).action(async (nameOrId: string, options: { url?: string }, command: Command) => {
  const { deleteWebhook } = await import('./webhooks.ts');
  process.stdout.write(await deleteWebhook(configOf(command), nameOrId, options));
});

program
  .command('bench')
  .description('run a scenario of the load generator and write a report')
  .argument('[scenario]', 'name of the scenario; without it, all are listed')
  .option('--url <url>', 'a running server; default: start one on this machine')
  .option(
    '--api-key <key>',
    'its API key, from the file api.key of its data folder (or CANOPY_API_KEY)',
    process.env.CANOPY_API_KEY,
  )
  .option('--out <folder>', 'folder for the report', 'bench-results')
  .option('--seconds <seconds>', 'duration of the measurement, instead of the scenario’s')
  .option('--peers <number>', 'k6 scenarios: number of people')
  .option('--joins-per-second <number>', 'k6 scenarios: people who join per second')
  .option('--requests-per-second <number>', 'k6 scenarios: requests per second of each person')
  .option('--joins <number>', 'page: how often it joins')
  .option('--worker <path>', 'forwarding: the media worker to measure, instead of the one in use')
  .option('--against <path>', 'forwarding: another media worker, measured in alternation with it')
  .option('--publishers <number>', 'forwarding: number of publishers')
  .option('--receivers <number>', 'forwarding: number of receivers, each of all publishers')
  .option('--codec <codec>', 'forwarding: vp8, vp9, h264 or opus')
  .option('--kbps <number>', 'forwarding: bitrate of each publisher’s video, in kbit/s')
  .option('--estimation <on|off>', 'forwarding: whether the worker estimates the receivers’ bandwidth')
  .option('--only <names>', 'peers, capacity: only these of its scenarios, comma-separated')
  .option('--systems <names>', 'peers: canopy, livekit, janus, comma-separated; default: all')
  .option('--rounds <number>', 'peers: how often everything is measured')
  .option('--settle <seconds>', 'peers: how long a room rests before it is measured')
  .option('--cores <number>', 'capacity: what all processes of the server may use, in cores')
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
    if (code === 'INTERNAL') {
      process.stderr.write(`${(error as Error).stack}\n`);
    }
  }
}
