import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CanopyError, type Config, isLoopback, isUnspecified, type Logger } from '../../base/index.ts';
import type { ListenAddress } from '../types.ts';
import { listenAddresses } from './listen.ts';

/** How often names are re-resolved, in milliseconds. */
const RESOLVE_MS = 60_000;

export interface AnnouncedHostsOptions {
  /** IP addresses and host names. Empty: the addresses of the interfaces. */
  announce: readonly string[];
  /** Returns all addresses of a name. Default: the system's resolver. */
  lookup?: (name: string) => Promise<string[]>;
  /** How often names are re-resolved, in milliseconds. Default 60,000. */
  intervalMs?: number;
}

/**
 * The addresses announced to clients. Browsers do not resolve names in ICE candidates (RFC 8839 §5.1 lets them ignore such candidates), so
 * names are resolved here, at the start and every minute.
 */
export class AnnouncedHosts {
  readonly #options: Required<AnnouncedHostsOptions>;
  readonly #names: string[];
  #resolved = new Map<string, string[]>();
  #timer: NodeJS.Timeout | undefined;

  /** @throws {CanopyError} CONFIG_INVALID - a name has no address */
  static async resolve(options: AnnouncedHostsOptions): Promise<AnnouncedHosts> {
    const hosts = new AnnouncedHosts(options);
    await hosts.#resolve();
    return hosts;
  }

  private constructor({ announce, lookup = allAddresses, intervalMs = RESOLVE_MS }: AnnouncedHostsOptions) {
    this.#options = { announce, lookup, intervalMs };
    this.#names = announce.filter((host) => isIP(host) === 0);
  }

  /** Where the workers listen and what they announce now. */
  get listen(): ListenAddress[] {
    return listenAddresses(this.#options.announce, this.#resolved);
  }

  /** Calls back when the addresses of the names change. While a name cannot be resolved, its last addresses are kept. */
  watch(log: Logger, onChange: (listen: ListenAddress[]) => void): void {
    if (this.#names.length === 0) {
      return;
    }
    const look = async () => {
      const before = JSON.stringify(this.listen);
      try {
        await this.#resolve();
      } catch (error) {
        log.warn({ err: error }, 'announced host name could not be resolved; keeping its last addresses');
        return;
      }
      const { listen } = this;
      if (JSON.stringify(listen) === before) {
        return;
      }
      log.info({ listen }, 'addresses of the announced host names changed');
      onChange(listen);
    };
    this.#timer = setInterval(() => void look(), this.#options.intervalMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #resolve(): Promise<void> {
    const entries = await Promise.all(
      this.#names.map(async (name): Promise<[string, string[]]> => [name, await this.#addressesOf(name)]),
    );
    this.#resolved = new Map(entries);
  }

  async #addressesOf(name: string): Promise<string[]> {
    let addresses: string[];
    try {
      addresses = await this.#options.lookup(name);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new CanopyError(
        'CONFIG_INVALID',
        `rtc.announce ("${name}"): the name has no address (${code}); correct it, or write the IP address`,
        { cause },
      );
    }
    // Without IPv6, nobody can reach this host at such an address.
    const usable = addresses.filter((address) => isIP(address) === 4 || hasIpv6());
    return (usable.length > 0 ? usable : addresses).sort();
  }
}

/**
 * The hosts that a configuration announces: rtc.announce, else the one address the server listens on. Never a loopback address, since
 * browsers gather no loopback candidates while they have another network.
 */
export function announcedOf({
  server: { host },
  rtc: { announce },
}: Pick<Config, 'server' | 'rtc'>): string[] {
  if (announce.length > 0) {
    return announce;
  }
  return isIP(host) === 0 || isUnspecified(host) || isLoopback(host) ? [] : [host];
}

async function allAddresses(name: string): Promise<string[]> {
  return (await systemLookup(name, { all: true })).map(({ address }) => address);
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ family, internal, address }) => family === 'IPv6' && !internal && !/^fe[89ab]/i.test(address));
}
