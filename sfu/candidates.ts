import { BlockList, isIP, isIPv6 } from 'node:net';
import type { IceCandidate as WorkerCandidate } from 'mediasoup/types';
import type { IceCandidate, ListenAddress } from './types.ts';

/**
 * What a transport offers: the worker's candidates, and for each further address that is announced for the same socket another one.
 * (A worker announces one address a socket.)
 */
export function iceCandidates(
  ofWorker: readonly WorkerCandidate[],
  listen: readonly ListenAddress[],
): IceCandidate[] {
  const announced = listen.map((address) => ({
    ip: address.ip,
    address: address.announcedAddress ?? address.ip,
  }));
  const candidates = ofWorker.map((candidate) => ({ ...candidate, ip: candidate.address }));
  const further = candidates.flatMap((candidate) => {
    const ip = announced.find(({ address }) => address === candidate.address)?.ip;
    return announced
      .filter((other) => other.ip === ip && other.address !== candidate.address)
      .map(({ address }) => ({
        ...candidate,
        address,
        ip: address,
        priority: Math.max(1, candidate.priority - 1),
      }));
  });
  return [...candidates, ...further];
}

export type AddressScope = 'loopback' | 'private' | 'public' | 'name';

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

/** Who can reach an address: nobody else, the own network, everybody; a name says nothing about it. */
export function addressScope(address: string): AddressScope {
  if (isIP(address) === 0) return 'name';
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (LOOPBACK.check(address, family)) return 'loopback';
  return PRIVATE.check(address, family) ? 'private' : 'public';
}
