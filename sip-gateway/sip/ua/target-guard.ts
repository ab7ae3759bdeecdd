import { BlockList, isIPv6 } from 'node:net';

const HOST: Scope = [
  ['127.0.0.0', 8],
  ['::1', 128],
];
const LINK: Scope = [
  ['169.254.0.0', 16],
  ['fe80::', 10],
];
/** Unspecified, multicast, reserved and broadcast. */
const UNUSABLE: Scope = [
  ['0.0.0.0', 8],
  ['224.0.0.0', 3],
  ['::', 128],
  ['ff00::', 8],
];

type Scope = ReadonlyArray<readonly [network: string, prefix: number]>;

const [host, link, unusable] = [HOST, LINK, UNUSABLE].map((scope) => {
  const list = new BlockList();
  for (const [network, prefix] of scope) {
    list.addSubnet(network, prefix, isIPv6(network) ? 'ipv6' : 'ipv4');
  }
  return list;
}) as [BlockList, BlockList, BlockList];

function within(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/**
 * Whether a peer at `source` may name `target` in Contact or Record-Route as the destination of our requests. Multicast and unusable
 * addresses are never allowed; loopback and link-local ones only if the peer itself has such an address. Otherwise a caller could make us
 * send to services that trust this host.
 */
export function mayNameTarget(source: string, target: string): boolean {
  if (within(unusable, target)) {
    return false;
  }
  return [host, link].every((scope) => !within(scope, target) || within(scope, source));
}
