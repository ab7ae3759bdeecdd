import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';
import type { Config } from '../base/index.ts';

type Protocol = 'UDP' | 'TCP';

/** What is known of one port or range: `sound` where phones can use it. */
export interface PortFinding {
  subject: 'sip port' | 'sip tls port' | 'rtp ports';
  sound: boolean;
  text: string;
}

/** Ports that are tried at a time, far below the usual limit of open files. */
const PROBES_AT_ONCE = 100;
const HELD = 'a running Canopy holds its ports';

/** Tries every port that the gateway would take: SIP over UDP, TCP and TLS, and the range for the media of phones. */
export async function probePhonePorts({ sip, server }: Config): Promise<PortFinding[]> {
  const findings = [
    await probeSip('sip port', 'UDP', sip.host, sip.port, '--sip-port, or --no-sip'),
    await probeSip('sip port', 'TCP', sip.host, sip.port, '--sip-port, or --no-sip'),
  ];
  if (sip.tlsPort !== 0 && server.tls !== 'off') {
    const otherwise = '--sip-tls-port (0: none)';
    findings.push(await probeSip('sip tls port', 'TCP', sip.host, sip.tlsPort, otherwise));
  }
  findings.push(await probeMedia(sip.rtpPortMin, sip.rtpPortMax));
  return findings;
}

async function probeSip(
  subject: PortFinding['subject'],
  protocol: Protocol,
  host: string,
  port: number,
  otherwise: string,
): Promise<PortFinding> {
  const code = await bindError(protocol, host, port);
  const where = `${protocol} ${host} port ${port}`;
  return code === null
    ? { subject, sound: true, text: `${where} is free for phones` }
    : { subject, sound: false, text: `${where}: ${code} (${HELD}; else choose another with ${otherwise})` };
}

/** A call takes an even port and the next one; the gateway looks for a free pair anywhere in the range. */
async function probeMedia(min: number, max: number): Promise<PortFinding> {
  const subject = 'rtp ports';
  const range = `UDP ${min} to ${max}`;
  const first = min + (min % 2);
  const pairs = Math.max(0, Math.floor((max - first + 1) / 2));
  if (pairs === 0) {
    const text = `${range} has no even port with the next one: no phone is heard; set sip.rtpPortMin and sip.rtpPortMax`;
    return { subject, sound: false, text };
  }
  const ports = Array.from({ length: pairs * 2 }, (_, index) => first + index);
  const taken = new Map<number, string>();
  const left = ports.values();
  const lane = async () => {
    for (const port of left) {
      const code = await bindError('UDP', '0.0.0.0', port);
      if (code !== null) taken.set(port, code);
    }
  };
  await Promise.all(Array.from({ length: PROBES_AT_ONCE }, lane));
  const lost = new Set([...taken.keys()].map((port) => port - (port % 2))).size;
  const calls = `${pairs - lost} calls at a time`;
  const [example] = [...taken].sort(([a], [b]) => a - b);
  if (!example) return { subject, sound: true, text: `${range} are free for the media of phones: ${calls}` };
  const [port, code] = example;
  const text = `${range}: ${taken.size} taken, such as ${port} (${code}), which leaves ${calls} (those of a running Canopy hold theirs; else set sip.rtpPortMin and sip.rtpPortMax)`;
  return { subject, sound: false, text };
}

/** Binds a port and gives it back. Returns the code of the error, or null when it was free. 0 is any free one. */
async function bindError(protocol: Protocol, host: string, port: number): Promise<string | null> {
  const code = await new Promise<string | null>((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    if (protocol === 'UDP') {
      const probe = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' }).once('error', failed);
      probe.bind(port, host, () => probe.close(() => resolve(null)));
    } else {
      const probe = createServer().once('error', failed);
      probe.listen({ host, port }, () => probe.close(() => resolve(null)));
    }
  });
  // Without IPv6 the gateway listens for IPv4.
  return code === 'EAFNOSUPPORT' && host === '::' ? bindError(protocol, '0.0.0.0', port) : code;
}
