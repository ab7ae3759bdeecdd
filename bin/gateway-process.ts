/** The phone gateway as a child process of `canopy serve`. */
import { createLogger } from '../base/index.ts';
import { becomeChild, failureOf } from './child-process.ts';
import { type RunningGateway, startGateway } from './gateway.ts';
import type { FromGateway, ToGateway } from './gateway-messages.ts';

let running: RunningGateway | undefined;

const child = becomeChild<ToGateway, FromGateway>({
  take,
  close: async () => running?.close(),
  // It hangs up every call.
  closeMs: 5_000,
});

async function take(message: ToGateway): Promise<void> {
  switch (message.type) {
    case 'start':
      await start(message);
      break;
    case 'metrics':
      child.send({
        type: 'metrics',
        id: message.id,
        text: (await running?.gateway.metrics.registry.metrics()) ?? '',
      });
      break;
    case 'close':
      await child.exit();
  }
}

async function start({ config, url }: Extract<ToGateway, { type: 'start' }>): Promise<void> {
  try {
    running = await startGateway({ config, log: createLogger(config.log), url });
    running.gateway.once('lost', fail);
    child.send({ type: 'ready' });
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  child.send({ type: 'failed', error: failureOf(error) });
  void child.exit(1);
}
