import { isIPv4, isIPv6 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { CanopyError, type Config, isHost, isUnspecified, originOf } from '../../../base/index.ts';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** Every name and address at which clients may reach this host, loopback first. Omits a host name that is invalid in a URL. */
export function ownHosts(announce: string[], name = hostname()): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .map(({ address }) => address);
  return [...new Set([...LOOPBACK, name, ...addresses, ...announce])].filter(isHost);
}

/** Interfaces come and go, so the origins are re-read after this time, in milliseconds. */
const FRESH_MS = 5000;

/**
 * The server's own web origins. A client signs the origin it connected to, which must be one of these, so that a proxy under another name
 * cannot use the signature (threats 2 and 3).
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
    if (performance.now() - this.#readAtMs > FRESH_MS) {
      this.#readAtMs = performance.now();
      this.#origins = this.#read();
    }
    return this.#origins;
  }

  /** Refuses pages of other origins. Programs, which send no origin, pass. @throws {CanopyError} ORIGIN_NOT_ALLOWED */
  require(origin: string | undefined): void {
    if (origin !== undefined && !this.current().has(origin)) {
      const isUrl = /^https?:\/\/[^\s/]+$/.test(origin);
      const remedy = `start the server with --public-url ${origin} if this is its own address`;
      throw new CanopyError('ORIGIN_NOT_ALLOWED', isUrl ? remedy : undefined);
    }
  }

  /** The URLs at which other machines can reach the server, for display. */
  reachable(): string[] {
    const { server, rtc } = this.#config;
    if (LOOPBACK.includes(server.host)) {
      return [];
    }
    const hosts = isUnspecified(server.host) ? ownHosts(rtc.announce) : [server.host, ...rtc.announce];
    return hosts
      .filter((host) => !LOOPBACK.includes(host))
      .flatMap((host) => originOf(this.#tls ? 'https' : 'http', host, this.#port()) ?? []);
  }

  /**
   * The origin for links that people at `origin` give to others: the configured one, else theirs. Nobody else can open a link to
   * localhost, so theirs is then replaced by an announced or own address of the server, if it has one.
   */
  forLinks(origin: string): string {
    const { server, rtc } = this.#config;
    if (server.publicUrl !== undefined) {
      return server.publicUrl;
    }
    if (!LOOPBACK.includes(hostOf(origin))) {
      return origin;
    }
    const others = this.reachable();
    // Other machines may not know this one's name.
    const preferences = [
      (host: string) => rtc.announce.includes(host),
      (host: string) => isIPv4(host),
      (host: string) => isIPv6(host),
    ];
    const preferred = preferences.flatMap((isPreferred) => others.filter((url) => isPreferred(hostOf(url))));
    return preferred[0] ?? others[0] ?? origin;
  }

  get #tls(): boolean {
    return this.#config.server.tls !== 'off';
  }

  #read(): Set<string> {
    const { origins: extra, publicUrl } = this.#config.server;
    const own = ownHosts(this.#config.rtc.announce).flatMap((host) => {
      const schemes = this.#tls ? (['https', 'http'] as const) : (['http'] as const);
      return schemes
        .filter((scheme) => scheme === 'https' || !this.#tls || LOOPBACK.includes(host))
        .flatMap((scheme) => originOf(scheme, host, this.#port()) ?? []);
    });
    return new Set([...extra, ...(publicUrl === undefined ? [] : [publicUrl]), ...own]);
  }
}

/** The host of an origin, an IPv6 address without its brackets. */
function hostOf(origin: string): string {
  return new URL(origin).hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The URL in links if none is configured. It works without a certificate. */
export function defaultPublicUrl(port: number): string {
  return originOf('http', 'localhost', port) ?? 'http://localhost';
}
