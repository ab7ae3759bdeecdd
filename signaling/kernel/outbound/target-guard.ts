import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { CanopyError } from '../../../base/index.ts';

/** IPv4 networks that are not the public Internet (IANA special-purpose registry), and multicast. */
const SPECIAL_IPV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24'],
  ...['192.168.0.0/16', '192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
];
/** The public IPv6 Internet, and what in it is not: Teredo and other protocols, documentation, 6to4. */
const GLOBAL_IPV6 = ['2000::/3'];
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

export interface TargetGuardOptions {
  /** Addresses and networks (CIDR) that are permitted although they are not public. */
  allowRanges: readonly string[];
  /** Whether plain HTTP is permitted. */
  allowHttp: boolean;
  /** Resolves names. Default: the system's resolver. */
  lookup?: typeof systemLookup;
}

/**
 * Decides where the server may connect to on behalf of others (webhooks, push messages): by default only public addresses, over HTTPS. Names are judged by the addresses that the connection
 * is made to, so a name that changes its address gains nothing (DNS rebinding).
 */
export class TargetGuard {
  readonly #allowed: BlockList;
  readonly #allowHttp: boolean;
  readonly #special4 = networks(SPECIAL_IPV4);
  readonly #special6 = networks(SPECIAL_IPV6);
  readonly #global6 = networks(GLOBAL_IPV6);
  readonly #lookup: typeof systemLookup;

  constructor({ allowRanges, allowHttp, lookup = systemLookup }: TargetGuardOptions) {
    this.#allowed = networks(allowRanges);
    this.#allowHttp = allowHttp;
    this.#lookup = lookup;
  }

  /** Checks what can be told from a URL itself. @throws {CanopyError} TARGET_REFUSED */
  checkUrl(url: string): URL {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (target?.protocol !== 'https:' && target?.protocol !== 'http:') {
      throw new CanopyError('TARGET_REFUSED', 'write a URL that begins with https://');
    }
    if (target.protocol === 'http:' && !this.#allowHttp) {
      throw new CanopyError('TARGET_REFUSED', 'only https:// is permitted (outbound.allowHttp)');
    }
    if (target.username !== '' || target.password !== '') {
      throw new CanopyError('TARGET_REFUSED', 'the URL contains a password');
    }
    const host = target.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !this.mayConnect(host)) {
      throw refusal(host);
    }
    return target;
  }

  /** Whether connections to this IP address are permitted. */
  mayConnect(address: string): boolean {
    const [bare = ''] = address.split('%');
    const family = isIP(bare);
    if (family === 0) {
      return false;
    }
    if (this.#allowed.check(bare, family === 4 ? 'ipv4' : 'ipv6')) {
      return true;
    }
    return family === 4
      ? !this.#special4.check(bare, 'ipv4')
      : this.#global6.check(bare, 'ipv6') && !this.#special6.check(bare, 'ipv6');
  }

  /** Resolves a name for a connection, to permitted addresses only. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    const all: LookupOptions & { all: true } = { ...options, all: true };
    this.#lookup(hostname, all, (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => {
      if (error) {
        callback(error, []);
        return;
      }
      const permitted = addresses.filter(({ address }) => this.mayConnect(address));
      const [first] = permitted;
      if (!first) {
        callback(refusal(addresses.map(({ address }) => address).join(', ')), []);
      } else if (options.all) {
        callback(null, permitted);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

function refusal(address: string): CanopyError {
  return new CanopyError('TARGET_REFUSED', `${address} is not a public address (outbound.allowRanges)`);
}

function networks(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  return list;
}
