import type { Config } from '../base/index.ts';

/** The address of the server of a configuration as this host reaches it. */
export function ownServerUrl({ server: { host, port, tls } }: Config, boundPort = port): string {
  const wildcard = host === '::' || host === '0.0.0.0';
  const name = wildcard ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const plain = tls === 'off' || wildcard || /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(name);
  return `${plain ? 'http' : 'https'}://${name}:${boundPort}`;
}
