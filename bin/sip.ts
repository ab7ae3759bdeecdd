import { type Config, createLogger } from '../base/index.ts';
import { ownServerUrl, serveMetrics } from '../signaling/index.ts';
import { closeOnSignal } from './close-on-signal.ts';
import { startGateway } from './gateway.ts';

/** Runs only the phone gateway, next to a server on the same host, until a signal stops it. */
export async function sip(config: Config, { metricsPort }: { metricsPort?: string }): Promise<void> {
  const log = createLogger(config.log);
  const url = config.sip.signalingUrl ?? ownServerUrl(config);
  const { gateway, close } = await startGateway({ config, log, url });
  const { registry } = gateway.metrics;
  const metrics =
    metricsPort === undefined
      ? undefined
      : await serveMetrics({
          host: '127.0.0.1',
          port: Number(metricsPort),
          setting: '--metrics-port',
          page: async () => ({ body: await registry.metrics(), contentType: registry.contentType }),
        });
  closeOnSignal({
    log,
    graceSeconds: 5,
    drain: async () => {},
    close: async () => {
      metrics?.close();
      await close();
    },
  });
  gateway.once('lost', (error) => {
    log.fatal({ err: error }, 'gateway rejected by the server; exiting');
    process.exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  });
  const listening = gateway.bound.map(
    ({ protocol, local }) => `  ${protocol} ${local.address} port ${local.port}`,
  );
  process.stdout.write(`${['Canopy accepts phone calls on', ...listening].join('\n')}\n`);
}
