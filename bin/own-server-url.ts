import { type Config, isLoopback, isUnspecified, urlHost } from '../base/index.ts';

/** The address of the server of a configuration as this host reaches it. */
export function ownServerUrl({ server: { host, port, tls } }: Config, boundPort = port): string {
  const name = isUnspecified(host) ? 'localhost' : host;
  const plain = tls === 'off' || name === 'localhost' || isLoopback(name);
  return `${plain ? 'http' : 'https'}://${urlHost(name)}:${boundPort}`;
}
