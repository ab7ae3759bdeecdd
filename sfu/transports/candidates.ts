import { BlockList, isIPv6 } from 'node:net';
import type { IceCandidate as WorkerCandidate } from 'mediasoup/types';
import type { IceCandidate, ListenAddress } from '../types.ts';

/**
 * The candidates of a transport: for each of the worker's candidates, every address currently announced for the same socket. (A worker
 * itself announces one fixed address per socket.)
 *
 * @param bound - the addresses the worker was created with
 * @param announced - the addresses currently announced
 */
export function iceCandidates(
  ofWorker: readonly WorkerCandidate[],
  bound: readonly ListenAddress[],
  announced: readonly ListenAddress[] = bound,
): IceCandidate[] {
  const offers = ofWorker.map((candidate) => {
    const ip = bound.find((address) => addressOf(address) === candidate.address)?.ip;
    const now = announced.filter((address) => address.ip === ip).map(addressOf);
    return now.length > 0
      ? now.map((address, index) => ({
          ...candidate,
          address,
          ip: address,
          priority: Math.max(1, candidate.priority - Math.min(index, 1)),
        }))
      : [{ ...candidate, ip: candidate.address }];
  });
  return [...offers.map(([first]) => first), ...offers.flatMap(([, ...further]) => further)].filter(
    (candidate) => candidate !== undefined,
  );
}

function addressOf({ ip, announcedAddress }: ListenAddress): string {
  return announcedAddress ?? ip;
}

export type AddressScope = 'loopback' | 'private' | 'public';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** RFC 1918, RFC 6598 (carrier-grade NAT), RFC 3927 and RFC 4193. */
const PRIVATE = new BlockList();
PRIVATE.addSubnet('10.0.0.0', 8, 'ipv4');
PRIVATE.addSubnet('172.16.0.0', 12, 'ipv4');
PRIVATE.addSubnet('192.168.0.0', 16, 'ipv4');
PRIVATE.addSubnet('100.64.0.0', 10, 'ipv4');
PRIVATE.addSubnet('169.254.0.0', 16, 'ipv4');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/** Who can reach an IP address: this host only, the local network, or everybody. */
export function addressScope(address: string): AddressScope {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (LOOPBACK.check(address, family)) {
    return 'loopback';
  }
  return PRIVATE.check(address, family) ? 'private' : 'public';
}
