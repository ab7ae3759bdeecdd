import { bareHost, isAddress, replaceTopVia, type SipRequest, type Via } from '../message/index.ts';
import type { Endpoint, Protocol } from './flow.ts';

/** Default ports (RFC 3261 §19.1.2). */
export function defaultPort(protocol: Protocol): number {
  return protocol === 'tls' ? 5061 : 5060;
}

/** Adds the source to the topmost Via: `received` (RFC 3261 §18.2.1) and, if requested, `rport` (RFC 3581 §4). */
export function withSource(request: SipRequest, source: Endpoint): SipRequest {
  const [via] = request.vias;
  const wantsPort = via.params.has('rport');
  if (!wantsPort && !via.params.has('received') && bareHost(via.host) === source.address) {
    return request;
  }
  const params = new Map(via.params);
  params.delete('received');
  if (wantsPort) {
    params.set('rport', String(source.port));
  }
  if (wantsPort || bareHost(via.host) !== source.address) {
    params.set('received', source.address);
  }
  return replaceTopVia(request, { ...via, params });
}

/**
 * Where to send a response without a connection (RFC 3261 §18.2.2, RFC 3581 §4): always to the source address of the request, with the port
 * of rport or sent-by. `maddr` is ignored, since it could direct our responses to a third party.
 */
export function responseEndpoint(via: Via, source: Endpoint, protocol: Protocol): Endpoint {
  if (protocol === 'udp' && via.params.has('rport')) {
    return source;
  }
  return { address: source.address, port: via.port ?? defaultPort(protocol) };
}

/** Whether the Via shows that the peer is behind a NAT: it differs from the source address. */
export function behindNat(via: Via, source: Endpoint): boolean {
  if (!isAddress(via.host)) {
    return false;
  }
  return bareHost(via.host) !== source.address || (via.port ?? source.port) !== source.port;
}
