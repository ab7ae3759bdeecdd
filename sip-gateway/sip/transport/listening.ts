import type { Server } from 'node:net';
import type { Endpoint } from './flow.ts';

/** Starts a server. @throws {Error} a system error such as EADDRINUSE */
export async function listen(server: Server, { address, port }: Endpoint): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: address }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // Errors such as EMFILE lose one connection, not the listener.
  server.on('error', () => {});
}

/** Where it listens; empty once it is closed. */
export function endpointOf(server: Server): Endpoint {
  const bound = server.address();
  return bound === null || typeof bound === 'string'
    ? { address: '', port: 0 }
    : { address: bound.address, port: bound.port };
}
