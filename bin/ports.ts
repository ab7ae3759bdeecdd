import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';
import { availableParallelism } from 'node:os';
import { CanopyError, type Config } from '../base/index.ts';
import type { ListenAddress } from '../sfu/index.ts';

type Protocol = 'UDP' | 'TCP';

/** A port the server needs. */
interface Port {
  subject: 'port' | 'api port' | 'metrics port' | 'rtc ports' | 'sip port' | 'sip tls port' | 'sip ws port';
  protocol: Protocol;
  host: string;
  port: number;
  /** How to change it with flags. */
  flag: string;
  /** The setting that holds the host. */
  hostKey: string;
}

export interface PortFinding extends Port {
  /** Error code, or null if the port is free. */
  code: string | null;
}

/** Number of ports probed at once, far below the usual limit of open files. */
const PROBES_AT_ONCE = 100;

/** Probes every fixed port the server would use. Skips 0, which means any free port. */
export async function probePorts(config: Config, listen: readonly ListenAddress[]): Promise<PortFinding[]> {
  return Promise.all(
    portsOf(config, listen)
      .filter(({ port }) => port !== 0)
      .map(async (port) => ({ ...port, code: await bindError(port.protocol, port.host, port.port) })),
  );
}

/** @throws {CanopyError} PORT_IN_USE, CONFIG_INVALID - names every kind of port that is unavailable, with its flag */
export function requirePorts(findings: readonly PortFinding[]): void {
  const taken = findings.filter(({ code }) => code !== null);
  const [first] = taken;
  if (!first) {
    return;
  }
  if (isForeignHost(first)) {
    throw new CanopyError(
      'CONFIG_INVALID',
      `${first.hostKey} (${JSON.stringify(first.host)}): ${first.code}, not an address of this machine`,
    );
  }
  const byFlag = [...Map.groupBy(taken, ({ flag }) => flag).values()];
  throw new CanopyError(
    'PORT_IN_USE',
    byFlag
      .flatMap(([one, ...more]) => {
        if (!one) {
          return [];
        }
        return more.length === 0 ? describePort(one) : `${describePort(one)} (and ${more.length} more)`;
      })
      .join('; '),
  );
}

/** Describes a port, what is wrong with it and how to change it. */
export function describePort({ protocol, host, port, code, flag }: PortFinding): string {
  return `${protocol} ${host} port ${port}: ${code}; choose another with ${flag}`;
}

/** Whether the host of a port is not an address of this machine. */
export function isForeignHost({ code }: PortFinding): boolean {
  return code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN';
}

function portsOf({ api, metrics, server, rtc, sip }: Config, listen: readonly ListenAddress[]): Port[] {
  const ports: Port[] = [
    {
      subject: 'port',
      protocol: 'TCP',
      host: server.host,
      port: server.port,
      flag: '--port',
      hostKey: 'server.host',
    },
  ];
  if (api.clientCa !== undefined) {
    ports.push({
      subject: 'api port',
      protocol: 'TCP',
      host: server.host,
      port: api.port,
      flag: 'api.port',
      hostKey: 'server.host',
    });
  }
  if (metrics.port !== 0) {
    ports.push({
      subject: 'metrics port',
      protocol: 'TCP',
      host: metrics.host,
      port: metrics.port,
      flag: 'metrics.port',
      hostKey: 'metrics.host',
    });
  }
  const workers = rtc.port === 0 ? 0 : rtc.workers || availableParallelism();
  for (const host of new Set(listen.map(({ ip }) => ip))) {
    for (let port = rtc.port; port < rtc.port + workers; port += 1) {
      for (const protocol of ['UDP', 'TCP'] as const) {
        ports.push({
          subject: 'rtc ports',
          protocol,
          host,
          port,
          flag: '--rtc-port',
          hostKey: 'rtc.announce',
        });
      }
    }
  }
  if (!sip.enabled) {
    return ports;
  }
  for (const protocol of ['UDP', 'TCP'] as const) {
    ports.push({
      subject: 'sip port',
      protocol,
      host: sip.host,
      port: sip.port,
      flag: '--sip-port, or --no-sip',
      hostKey: 'sip.host',
    });
  }
  if (server.tls !== 'off') {
    ports.push({
      subject: 'sip tls port',
      protocol: 'TCP',
      host: sip.host,
      port: sip.tlsPort,
      flag: '--sip-tls-port (0: none)',
      hostKey: 'sip.host',
    });
  }
  ports.push({
    subject: 'sip ws port',
    protocol: 'TCP',
    host: sip.host,
    port: sip.wsPort,
    flag: 'sip.wsPort (0: none)',
    hostKey: 'sip.host',
  });
  return ports;
}

/** Probes the media ports of phones. Each call uses an even port and the next one; the gateway takes any free pair in the range. */
export async function probeMediaPorts({
  sip: { rtpPortMin: min, rtpPortMax: max },
}: Config): Promise<{ sound: boolean; text: string }> {
  const range = `UDP ${min} to ${max}`;
  const first = min + (min % 2);
  const pairs = Math.floor((max - first + 1) / 2);
  const ports = Array.from({ length: pairs * 2 }, (_, index) => first + index);
  const taken = new Map<number, string>();
  const left = ports.values();
  const lane = async () => {
    for (const port of left) {
      const code = await bindError('UDP', '0.0.0.0', port);
      if (code !== null) {
        taken.set(port, code);
      }
    }
  };
  await Promise.all(Array.from({ length: PROBES_AT_ONCE }, lane));
  const lost = new Set([...taken.keys()].map((port) => port - (port % 2))).size;
  const calls = `${pairs - lost} concurrent calls`;
  const [example] = [...taken].sort(([a], [b]) => a - b);
  if (!example) {
    return { sound: true, text: `${range} are free for phone media: ${calls}` };
  }
  const [port, code] = example;
  const text = `${range}: ${taken.size} in use, such as ${port} (${code}), which leaves ${calls}; change sip.rtpPortMin and sip.rtpPortMax`;
  return { sound: false, text };
}

/** Binds a port and releases it. Returns the error code, or null if it was free. */
async function bindError(protocol: Protocol, host: string, port: number): Promise<string | null> {
  const code = await new Promise<string | null>((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    if (protocol === 'UDP') {
      const probe = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' }).once('error', failed);
      probe.bind({ port, address: host, exclusive: true }, () => probe.close(() => resolve(null)));
    } else {
      const probe = createServer().once('error', failed);
      probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(null)));
    }
  });
  // Without IPv6, the server listens on IPv4.
  return code === 'EAFNOSUPPORT' && host === '::' ? bindError(protocol, '0.0.0.0', port) : code;
}
