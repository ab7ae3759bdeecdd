import { BlockList, isIP, isIPv6 } from 'node:net';
import { bareHost } from '../message/index.ts';

type Scope = 'public' | 'private' | 'loopback' | 'local';

/** Address ranges that are not globally unique (RFC 6890). */
const SCOPES: readonly (readonly [Scope, readonly (readonly [string, number])[]])[] = [
  [
    'loopback',
    [
      ['127.0.0.0', 8],
      ['::1', 128],
    ],
  ],
  [
    'local',
    [
      ['0.0.0.0', 8],
      ['169.254.0.0', 16],
      ['::', 128],
      ['fe80::', 10],
    ],
  ],
  [
    'private',
    [
      ['10.0.0.0', 8],
      ['100.64.0.0', 10],
      ['172.16.0.0', 12],
      ['192.168.0.0', 16],
      ['fc00::', 7],
    ],
  ],
];

const blocks = SCOPES.map(([scope, ranges]) => {
  const list = new BlockList();
  for (const [address, bits] of ranges) {
    list.addSubnet(address, bits, family(address));
  }
  return [scope, list] as const;
});

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

function scopeOf(address: string): Scope {
  return blocks.find(([, list]) => list.check(address, family(address)))?.[0] ?? 'public';
}

/**
 * Whether a host in a peer's message is unreachable from here: it is private to some network, but the peer's packets come from an address
 * (`seenAt`) outside it. Two private addresses may belong to the same routed network, so these count as reachable.
 */
export function isElsewhere(host: string, seenAt: string): boolean {
  const address = bareHost(host);
  if (isIP(address) === 0) {
    return /(?:^|\.)invalid\.?$/.test(address);
  }
  const scope = scopeOf(address);
  return scope !== 'public' && scope !== scopeOf(seenAt);
}
