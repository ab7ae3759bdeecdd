import { createServer } from 'node:http';
import { CanopyError, type Config, createLogger } from '../base/index.ts';
import { ownServerUrl } from '../signaling/index.ts';
import type { SipGateway } from '../sip-gateway/index.ts';
import { closeOnSignal } from './close-on-signal.ts';
import { startGateway } from './gateway.ts';

/** Runs only the phone gateway, next to a server on the same host, until a signal stops it. */
export async function sip(config: Config, { metricsPort }: { metricsPort?: string }): Promise<void> {
  const log = createLogger(config.log);
  const url = config.sip.signalingUrl ?? ownServerUrl(config);
  const { gateway, close } = await startGateway({ config, log, url });
  const closeMetrics = metricsPort === undefined ? undefined : await serveMetrics(gateway, metricsPort);
  closeOnSignal({
    log,
    graceSeconds: 5,
    drain: async () => {},
    close: async () => {
      closeMetrics?.();
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

/** Serves the metrics on the loopback address. @throws {CanopyError} PORT_IN_USE */
async function serveMetrics({ metrics: { registry } }: SipGateway, port: string): Promise<() => void> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (body) => response.writeHead(200, { 'content-type': registry.contentType }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new CanopyError('PORT_IN_USE', `--metrics-port ${port}: ${cause.code}`, { cause })),
    );
    server.listen({ host: '127.0.0.1', port: Number(port) }, resolve);
  });
  return () => server.close();
}
