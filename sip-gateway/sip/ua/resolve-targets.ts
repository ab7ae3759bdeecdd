import { promises as dns } from 'node:dns';
import { bareHost, isAddress, type SipUri, type Uri } from '../message/index.ts';
import { defaultPort, type Protocol, type Target } from '../transport/index.ts';

/** DNS lookups, as in node:dns. */
export interface DnsLookups {
  resolveSrv(name: string): Promise<{ name: string; port: number; priority: number; weight: number }[]>;
  lookup(name: string, options: { all: true }): Promise<{ address: string }[]>;
}

/** Maximum number of targets of one URI. */
const MAX_TARGETS = 8;

const SRV_PREFIX: Readonly<Record<Protocol, string>> = {
  udp: '_sip._udp.',
  tcp: '_sip._tcp.',
  tls: '_sips._tcp.',
};

/** The protocol that a URI requires: `sips` and `transport=tls` mean TLS (RFC 3261 §19.1, §26.2.2). */
export function protocolOf(uri: SipUri): Protocol | undefined {
  if (uri.scheme === 'sips') {
    return 'tls';
  }
  const transport = uri.params.get('transport')?.toLowerCase();
  return transport === 'udp' || transport === 'tcp' || transport === 'tls' ? transport : undefined;
}

/**
 * Resolves a URI (RFC 3263 §4): an IP address or a port is used as it is; otherwise SRV records of the usable protocols, or else the host
 * itself, are looked up. Targets come in the order to try them; empty if nothing is found.
 */
export async function resolveTargets(
  uri: Uri,
  usable: (protocol: Protocol) => boolean,
  lookups: DnsLookups = dns,
): Promise<Target[]> {
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') {
    return [];
  }
  // Only its client can open a WebSocket (RFC 7118 §5.3).
  if (uri.params.get('transport')?.toLowerCase() === 'ws') {
    return [];
  }
  const named = protocolOf(uri);
  const protocol = named ?? 'udp';
  if (isAddress(uri.host)) {
    return [{ protocol, address: bareHost(uri.host), port: uri.port ?? defaultPort(protocol) }];
  }
  if (uri.port === undefined) {
    const protocols = (named ? [named] : (['udp', 'tcp'] as const)).filter(usable);
    for (const candidate of protocols) {
      const targets = await resolveService(uri.host, candidate, lookups);
      if (targets.length > 0) {
        return targets.slice(0, MAX_TARGETS);
      }
    }
  }
  return resolveHost(uri.host, protocol, uri.port ?? defaultPort(protocol), uri.host, lookups);
}

async function resolveService(host: string, protocol: Protocol, lookups: DnsLookups): Promise<Target[]> {
  try {
    const records = await lookups.resolveSrv(SRV_PREFIX[protocol] + host);
    const ordered = records
      .slice(0, MAX_TARGETS)
      .sort((a, b) => a.priority - b.priority || b.weight - a.weight);
    const found = await Promise.all(
      // The certificate must be for the domain, not for the record's host (RFC 5922 §4).
      ordered.map(({ name, port }) => resolveHost(name, protocol, port, host, lookups)),
    );
    return found.flat();
  } catch {
    return [];
  }
}

async function resolveHost(
  host: string,
  protocol: Protocol,
  port: number,
  serverName: string,
  lookups: DnsLookups,
): Promise<Target[]> {
  try {
    const addresses = await lookups.lookup(host, { all: true });
    return addresses.slice(0, MAX_TARGETS).map(({ address }) => ({ protocol, address, port, serverName }));
  } catch {
    return [];
  }
}
