import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** How long the list of interfaces is cached, in milliseconds. */
const CACHE_MS = 10_000;

interface OwnAddress {
  address: string;
  family: 'ipv4' | 'ipv6';
  internal: boolean;
  net: BlockList;
}

let cached: { at: number; addresses: OwnAddress[] } | undefined;

function ownAddresses(): OwnAddress[] {
  const now = performance.now();
  if (cached && now - cached.at < CACHE_MS) {
    return cached.addresses;
  }
  const addresses: OwnAddress[] = [];
  for (const info of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    if (info.address.startsWith('fe80:')) {
      continue;
    }
    const family = info.family === 'IPv6' ? 'ipv6' : 'ipv4';
    const net = new BlockList();
    net.addSubnet(info.address, Number(info.cidr?.split('/')[1] ?? (family === 'ipv6' ? 128 : 32)), family);
    addresses.push({ address: info.address, family, internal: info.internal, net });
  }
  cached = { at: now, addresses };
  return addresses;
}

/**
 * Our address as seen by a peer at `remote`, for a socket bound to the wildcard: the one in its subnet, or else the first non-loopback
 * one, or else loopback. Behind a NAT, configure `advertise` instead.
 */
export function localAddressFor(remote: string): string {
  const family = isIPv6(remote) ? 'ipv6' : 'ipv4';
  const own = ownAddresses().filter((candidate) => candidate.family === family);
  const match =
    own.find((candidate) => candidate.net.check(remote, family)) ??
    own.find((candidate) => !candidate.internal) ??
    own[0];
  return match?.address ?? (family === 'ipv6' ? '::1' : '127.0.0.1');
}
