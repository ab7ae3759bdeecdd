import { lookup, Resolver } from 'node:dns/promises';
import { bareHost, isAddress, type SipUri, type Uri } from '../message/index.ts';
import { defaultPort, type Protocol, type Target } from '../transport/index.ts';
import { weightedOrder } from './weighted-order.ts';

/** DNS lookups, as in node:dns. */
export interface DnsLookups {
  resolveNaptr(name: string): Promise<NaptrRecord[]>;
  resolveSrv(name: string): Promise<{ name: string; port: number; priority: number; weight: number }[]>;
  lookup(name: string, options: { all: true }): Promise<{ address: string }[]>;
}

interface NaptrRecord {
  flags: string;
  service: string;
  regexp: string;
  replacement: string;
  order: number;
  preference: number;
}

/** Time limit of one DNS query in milliseconds, and the number of tries. A call waits for them. */
const QUERY_TIMEOUT_MS = 2000;
const QUERY_TRIES = 2;
const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });

/** The system's name servers; addresses also from its hosts file. */
const SYSTEM_DNS: DnsLookups = {
  resolveNaptr: (name) => resolver.resolveNaptr(name),
  resolveSrv: (name) => resolver.resolveSrv(name),
  lookup: (name, options) => lookup(name, options),
};

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

/** NAPTR services (RFC 3263 §4.1). */
const SERVICES: ReadonlyMap<string, Protocol> = new Map([
  ['SIP+D2U', 'udp'],
  ['SIP+D2T', 'tcp'],
  ['SIPS+D2T', 'tls'],
]);

/** What resolveTargets() depends on. */
export interface Resolving {
  /** Whether we can send by this protocol. */
  usable(protocol: Protocol): boolean;
  dns?: DnsLookups | undefined;
  /** Returns a number from 0 to below 1. */
  random(): number;
}

/**
 * Resolves a URI (RFC 3263 §4). An IP address or a port is used as it is. Otherwise NAPTR records name the protocols, unless the URI does,
 * and SRV records the hosts; if there are none, the host itself counts. Targets come in the order to try them; empty if nothing is found.
 */
export async function resolveTargets(
  uri: Uri,
  { usable, dns = SYSTEM_DNS, random }: Resolving,
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
    const offered = named ? [] : await protocolsOf(uri.host, dns);
    const protocols: Service[] = named
      ? [{ protocol: named, name: SRV_PREFIX[named] + uri.host }]
      : (['udp', 'tcp'] as const).map((each) => ({ protocol: each, name: SRV_PREFIX[each] + uri.host }));
    const services = (offered.length > 0 ? offered : protocols).filter((each) => usable(each.protocol));
    const targets: Target[] = [];
    for (const service of services) {
      // A domain without NAPTR records has the same hosts for each protocol, so one is enough.
      if (targets.length < MAX_TARGETS && (offered.length > 0 || targets.length === 0)) {
        targets.push(...(await resolveService(uri.host, service, { dns, random })));
      }
    }
    if (targets.length > 0) {
      return targets.slice(0, MAX_TARGETS);
    }
  }
  return resolveHost(uri.host, protocol, uri.port ?? defaultPort(protocol), uri.host, dns);
}

/** A protocol and the name of its SRV records, or, with `isHost`, of the host itself. */
interface Service {
  readonly protocol: Protocol;
  readonly name: string;
  readonly isHost?: boolean;
}

/** The protocols of a domain in the order that it prefers; empty if it has no NAPTR records. */
async function protocolsOf(host: string, dns: DnsLookups): Promise<Service[]> {
  try {
    const records = await dns.resolveNaptr(host);
    return records
      .sort((a, b) => a.order - b.order || a.preference - b.preference)
      .flatMap(({ service, flags, regexp, replacement }): Service[] => {
        const protocol = SERVICES.get(service.toUpperCase());
        const kind = flags.toLowerCase();
        const isUsable = regexp === '' && replacement !== '' && (kind === 's' || kind === 'a');
        return protocol && isUsable ? [{ protocol, name: replacement, isHost: kind === 'a' }] : [];
      })
      .slice(0, MAX_TARGETS);
  } catch {
    return [];
  }
}

async function resolveService(
  host: string,
  { protocol, name, isHost }: Service,
  { dns, random }: { dns: DnsLookups; random(): number },
): Promise<Target[]> {
  if (isHost) {
    return resolveHost(name, protocol, defaultPort(protocol), host, dns);
  }
  try {
    // A name of "." says that there is no such service (RFC 2782).
    const records = (await dns.resolveSrv(name)).filter(
      (record) => record.name !== '' && record.name !== '.',
    );
    const found = await Promise.all(
      // The certificate must be for the domain, not for the record's host (RFC 5922 §4).
      weightedOrder(records, random)
        .slice(0, MAX_TARGETS)
        .map((record) => resolveHost(record.name, protocol, record.port, host, dns)),
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
  dns: DnsLookups,
): Promise<Target[]> {
  try {
    const addresses = await dns.lookup(host, { all: true });
    return addresses.slice(0, MAX_TARGETS).map(({ address }) => ({ protocol, address, port, serverName }));
  } catch {
    return [];
  }
}
