import { hostname, networkInterfaces } from 'node:os';
import { type Config, isUnspecified, urlHost } from '../../base/index.ts';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** Every name and address by which this host may be dialled, loopback first. */
export function ownHosts(announce: string[]): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .map(({ address }) => address);
  return [...new Set([...LOOPBACK, hostname(), ...addresses, ...announce])];
}

/** Interfaces come and go: own origins are read again when they are older than this, in milliseconds. */
const FRESH_MILLISECONDS = 5000;

/**
 * The web origins that are this server's own: what a client signs as the origin it dialled must be one of them, so that a proxy
 * under another name cannot use the signature (threat cases 2 and 3).
 */
export class OwnOrigins {
  readonly #config: Config;
  readonly #port: () => number;
  #origins = new Set<string>();
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(config: Config, port: () => number) {
    this.#config = config;
    this.#port = port;
  }

  current(): ReadonlySet<string> {
    if (performance.now() - this.#readAtMs > FRESH_MILLISECONDS) {
      this.#readAtMs = performance.now();
      this.#origins = this.#read();
    }
    return this.#origins;
  }

  /** The addresses by which others may reach the server, for people to read. */
  reachable(): string[] {
    const { server, rtc } = this.#config;
    if (LOOPBACK.includes(server.host)) return [];
    const hosts = isUnspecified(server.host) ? ownHosts(rtc.announce) : [server.host, ...rtc.announce];
    return hosts
      .filter((host) => !LOOPBACK.includes(host))
      .map((host) => origin(this.#tls ? 'https' : 'http', host, this.#port()));
  }

  get #tls(): boolean {
    return this.#config.server.tls !== 'off';
  }

  #read(): Set<string> {
    const { origins: extra, publicUrl } = this.#config.server;
    const origins = new Set([...extra, ...(publicUrl === undefined ? [] : [publicUrl])].map(normalise));
    for (const host of ownHosts(this.#config.rtc.announce)) {
      if (this.#tls) {
        origins.add(origin('https', host, this.#port()));
      }
      if (!this.#tls || LOOPBACK.includes(host)) {
        origins.add(origin('http', host, this.#port()));
      }
    }
    return origins;
  }
}

/** The address for links when none is configured: one that works without a certificate. */
export function defaultPublicUrl(port: number): string {
  return origin('http', 'localhost', port);
}

function origin(scheme: string, host: string, port: number): string {
  return normalise(`${scheme}://${urlHost(host)}:${port}`);
}

/** As browsers write origins: lower case, without default ports. */
function normalise(url: string): string {
  return new URL(url).origin;
}
