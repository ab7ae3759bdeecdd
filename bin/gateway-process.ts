/**
 * The phone gateway as a child process of `canopy serve`, which starts, restarts and closes it over IPC (gateway-supervisor.ts). Signals
 * from a terminal or systemd reach both processes: the server lets people finish first, so this one ignores them and waits for the server.
 */
import { CanopyError, createLogger } from '../base/index.ts';
import { type RunningGateway, startGateway } from './gateway.ts';
import type { FromGateway, ToGateway } from './gateway-messages.ts';

/** How long closing, which hangs up every call, may take before the process exits, in milliseconds. */
const CLOSE_MS = 5_000;

let running: RunningGateway | undefined;
let closing = false;

// Without a handler, SIGUSR1 would open a debugger and SIGUSR2 end the process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
  process.on(signal, () => {});
}
process.on('disconnect', () => void close());
process.on('message', (message: ToGateway) => void take(message));

async function take(message: ToGateway): Promise<void> {
  switch (message.type) {
    case 'start':
      await start(message);
      break;
    case 'metrics':
      send({
        type: 'metrics',
        id: message.id,
        text: (await running?.gateway.metrics.registry.metrics()) ?? '',
      });
      break;
    case 'close':
      await close();
  }
}

async function start({ config, url }: Extract<ToGateway, { type: 'start' }>): Promise<void> {
  try {
    running = await startGateway({ config, log: createLogger(config.log), url });
    running.gateway.once('lost', fail);
    send({ type: 'ready' });
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  const coded = CanopyError.from(error);
  const detail = coded.detail ?? (coded.cause instanceof Error ? coded.cause.message : undefined);
  send({ type: 'failed', error: { ...coded.toJSON(), ...(detail !== undefined && { detail }) } });
  void close(1);
}

async function close(status = 0): Promise<void> {
  if (closing) {
    return;
  }
  closing = true;
  setTimeout(() => process.exit(status), CLOSE_MS).unref();
  await running?.close().catch(() => {});
  process.exit(status);
}

function send(message: FromGateway): void {
  if (process.connected) {
    process.send?.(message);
  }
}
