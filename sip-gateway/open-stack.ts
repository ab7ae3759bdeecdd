import { CanopyError, type Config, urlHost } from '../base/index.ts';
import {
  type BindingStore,
  type ClientTls,
  type PasswordLookup,
  type SeenMessage,
  SipStack,
} from './sip/index.ts';

/** Certificate chain and key, PEM. */
export interface TlsCertificate {
  cert: string;
  key: string;
}

export interface OpenStackOptions {
  sip: Config['sip'];
  /** Host in Via and Contact. Default: the interface's address. */
  announce: string | undefined;
  tls: TlsCertificate | null;
  lookup: PasswordLookup;
  bindings: BindingStore;
  /** Key of temporary GRUUs. Default: a random one. */
  gruuKey: Buffer | undefined;
  /** How to connect over TLS to a trunk with this host. */
  tlsFor: (host: string) => ClientTls | undefined;
  /** Called with every SIP message that is received or sent. */
  onMessage: (message: SeenMessage) => void;
  /** Web origins of other sites whose pages may connect. */
  origins: readonly string[];
}

type Listen = Parameters<typeof SipStack.create>[0]['listen'][number];

/** Opens the configured SIP ports. @throws {CanopyError} PORT_IN_USE - a port is in use or not permitted */
export async function openStack({
  sip,
  announce,
  tls,
  lookup,
  bindings,
  gruuKey,
  tlsFor,
  origins,
  onMessage,
}: OpenStackOptions): Promise<SipStack> {
  const open = (host: string) => {
    const advertise = announce === undefined ? undefined : { host: urlHost(announce) };
    const plain = (protocol: 'udp' | 'tcp'): Listen => ({
      protocol,
      address: host,
      port: sip.port,
      advertise,
    });
    const listen: Listen[] = [plain('udp'), plain('tcp')];
    if (tls && sip.tlsPort !== 0) {
      listen.push({ protocol: 'tls', address: host, port: sip.tlsPort, tls, advertise });
    }
    if (sip.wsPort !== 0) {
      const shared = { address: host, port: sip.wsPort, advertise, origins };
      listen.push(tls ? { ...shared, protocol: 'wss', tls } : { ...shared, protocol: 'ws' });
    }
    return SipStack.create({
      listen,
      users: { realm: sip.realm, lookup },
      registrar: { store: bindings, ...(gruuKey && { gruuKey }) },
      maxCallsPerUser: sip.callsPerPhone,
      callsPerSecond: sip.callsPerSecond,
      requestsPerSecond: sip.requestsPerSecond,
      silent: sip.silentToStrangers,
      tlsFor,
      onMessage,
    });
  };
  try {
    return await open(sip.host);
  } catch (error) {
    const { code, port } = error as NodeJS.ErrnoException & { port?: number };
    // The machine has no IPv6.
    if (code === 'EAFNOSUPPORT' && sip.host === '::') {
      return await open('0.0.0.0');
    }
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      throw new CanopyError(
        'PORT_IN_USE',
        `SIP on ${sip.host} port ${port ?? sip.port}: ${code}. Choose another with --sip-port (or --sip-tls-port, sip.wsPort), or turn phones off with --no-sip`,
        { cause: error },
      );
    }
    throw error;
  }
}
