import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { TransportListenInfo } from 'mediasoup/types';
import { isLoopback, isUnspecified } from '../../base/index.ts';
import type { ListenAddress } from '../types.ts';

/**
 * Size of a worker's socket buffers, in bytes; capped by the system (net.core.rmem_max, wmem_max). All clients of a worker share one
 * socket, and 25 of them fill the usual 208 KiB within milliseconds: with that size, 10 to 20 % of the packets were lost when the worker
 * had to wait for a core.
 */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * Where the workers listen and what they announce.
 *
 * With `announce` (the setting rtc.announce), exactly these addresses are announced. If every address of a family (IPv4, IPv6) belongs to
 * this host, each is bound by itself; otherwise (NAT, containers, host names, whose addresses may change) the family's wildcard is bound.
 * If all are loopback addresses that are not configured, like 127.0.0.2, 127.0.0.1 is bound: a relay or similar between clients and this
 * server on one machine can then listen there on the same port.
 *
 * Without it, every address of an interface that is up is bound and announced, except loopback and IPv6 link-local ones. That suffices for
 * two browsers on the server's own machine: the kernel delivers a host's own addresses locally. 127.0.0.1 is announced only if there is
 * nothing else (a machine without a network): other machines could not use it, and browsers gather no loopback candidates while they have
 * another network.
 *
 * @param resolved - the addresses of the host names in `announce`
 */
export function listenAddresses(
  announce: readonly string[] = [],
  resolved: ReadonlyMap<string, readonly string[]> = new Map(),
): ListenAddress[] {
  const own = ownAddresses();
  if (announce.length === 0) {
    const reachable = own.filter(({ internal }) => !internal).map(({ ip }) => ({ ip }));
    return reachable.length > 0 ? reachable : [{ ip: '127.0.0.1' }];
  }
  const local = new Set(own.map(({ ip }) => ip));
  const given = announce.flatMap((host) => {
    const fixed = isIP(host) !== 0;
    return (fixed ? [host] : (resolved.get(host) ?? [])).map((address) => ({
      address,
      bindable: fixed && local.has(address),
    }));
  });
  return given.map(({ address }) => {
    const siblings = given.filter((other) => isIPv6(other.address) === isIPv6(address));
    if (siblings.every(({ bindable }) => bindable)) {
      return { ip: address };
    }
    const loopback = siblings.every((each) => each.address.startsWith('127.'));
    return { ip: loopback ? '127.0.0.1' : wildcardFor(address), announcedAddress: address };
  });
}

/** The wildcard address of this address's family. */
export function wildcardFor(address: string): string {
  return isIPv6(address) ? '::' : '0.0.0.0';
}

/** The addresses that can still be bound. Interfaces come and go, and one missing address must not keep a worker down. */
export function presentAddresses(listen: readonly ListenAddress[]): ListenAddress[] {
  const local = new Set(ownAddresses().map(({ ip }) => ip));
  const present = listen.filter(({ ip }) => isUnspecified(ip) || isLoopback(ip) || local.has(ip));
  return present.length > 0 ? present : listenAddresses();
}

/** One socket per protocol and bound address: a port can be bound only once, whatever is announced for it. */
export function listenInfos(listen: readonly ListenAddress[], port: number): TransportListenInfo[] {
  const first = new Map<string, ListenAddress>();
  for (const address of listen) {
    if (!first.has(address.ip)) {
      first.set(address.ip, address);
    }
  }
  return [...first.values()].flatMap(({ ip, announcedAddress }) =>
    (['udp', 'tcp'] as const).map((protocol) => ({
      protocol,
      ip,
      port,
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
      ...(announcedAddress !== undefined && { announcedAddress }),
      ...(isIPv6(ip) && { flags: { ipv6Only: true } }),
    })),
  );
}

/** Finds a port that is free for UDP and TCP on all of these addresses, below the range of outgoing connections. */
export async function freePort(listen: readonly ListenAddress[]): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const ips = [...new Set(listen.map(({ ip }) => ip))];
    const free = await Promise.all(ips.flatMap((ip) => [udpFree(ip, port), tcpFree(ip, port)]));
    if (free.every(Boolean)) {
      return port;
    }
  }
  throw new Error('no free port found');
}

async function udpFree(ip: string, port: number): Promise<boolean> {
  const socket = createSocket({ type: isIPv6(ip) ? 'udp6' : 'udp4', ipv6Only: isIPv6(ip) });
  try {
    socket.bind({ address: ip, port, exclusive: true });
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

async function tcpFree(ip: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host: ip, port, exclusive: true, ipv6Only: isIPv6(ip) });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

function ownAddresses(): Array<{ ip: string; internal: boolean }> {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address }) => !/^fe[89ab]/i.test(address))
    .map(({ address, internal }) => ({ ip: address, internal }));
}
