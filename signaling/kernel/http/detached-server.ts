import { createServer, type Server } from 'node:http';

/** How long a request's headers and the whole request may take, and how often that is checked, in milliseconds. */
const TIME_LIMITS = { headersTimeout: 10_000, requestTimeout: 15_000, connectionsCheckingInterval: 2000 };

/** An HTTP server that is handed its connections. */
export function createDetachedServer(): Server {
  const server = createServer(TIME_LIMITS);
  // Node enforces the time limits only once a server listens, which this one never does.
  server.emit('listening');
  return server;
}
