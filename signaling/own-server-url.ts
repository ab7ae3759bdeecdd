import { networkInterfaces } from 'node:os';
import { type Config, isLoopback, isUnspecified, urlHost } from '../base/index.ts';

/** The address of the server of a configuration as this host reaches it. An address, since not every host knows the name localhost. */
export function ownServerUrl({ server: { host, port, tls } }: Config, boundPort = port): string {
  const name = isUnspecified(host) ? loopback() : host;
  const plain = tls === 'off' || name === 'localhost' || isLoopback(name);
  return `${plain ? 'http' : 'https'}://${urlHost(name)}:${boundPort}`;
}

function loopback(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ family, internal }) => family === 'IPv4' && internal) ? '127.0.0.1' : '::1';
}
