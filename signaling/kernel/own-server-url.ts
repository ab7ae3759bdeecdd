import { networkInterfaces } from 'node:os';
import { type Config, isLoopback, isUnspecified, urlHost } from '../../base/index.ts';

/** The URL at which this host reaches the configured server. Uses an IP address by default, since not every host resolves localhost. */
export function ownServerUrl({ server: { host, port, tls } }: Config, boundPort = port): string {
  const name = isUnspecified(host) ? loopback() : host;
  const plain = tls === 'off' || name === 'localhost' || isLoopback(name);
  return `${plain ? 'http' : 'https'}://${urlHost(name)}:${boundPort}`;
}

function loopback(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ family, internal }) => family === 'IPv4' && internal) ? '127.0.0.1' : '::1';
}
