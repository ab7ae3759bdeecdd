import { createServer, type IncomingMessage } from 'node:http';
import { CanopyError } from '../../../base/index.ts';
import type { MetricsPage } from './metrics-cache.ts';

export interface MetricsListenerOptions {
  host: string;
  port: number;
  /** What sets the port, for the error. */
  setting: string;
  page(): Promise<MetricsPage>;
  /** Whether a request may have it. Default: every one. */
  mayRead?(request: IncomingMessage): boolean;
}

/** A port of its own for `/metrics`, plain HTTP. @throws {CanopyError} PORT_IN_USE */
export async function serveMetrics({
  host,
  port,
  setting,
  page,
  mayRead = () => true,
}: MetricsListenerOptions): Promise<{ close(): void }> {
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
    } else if (!mayRead(request)) {
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    } else {
      page().then(
        ({ body, contentType }) => response.writeHead(200, { 'content-type': contentType }).end(body),
        () => response.writeHead(500).end(),
      );
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new CanopyError('PORT_IN_USE', `${setting} ${port}: ${cause.code}`, { cause })),
    );
    server.listen({ host, port }, resolve);
  });
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
