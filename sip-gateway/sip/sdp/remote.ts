import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import type { Direction } from './direction.ts';

/** SDP that we cannot work with. Answer 488 with the Warning code (RFC 3261 §20.43), where there is one. */
export class SdpError extends Error {
  override readonly name = 'SdpError';
  readonly status = 488;
  readonly warning: number;

  constructor(message: string, warning = 399) {
    super(message);
    this.warning = warning;
  }

  /** The Warning field of the answer. */
  get warningField(): readonly ['warning', string] {
    return ['warning', `${this.warning} canopy "${this.message.replace(/["\\\r\n]/g, ' ')}"`];
  }
}

/** Where the peer wants RTP and RTCP. */
export interface RemoteAddress {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
}

const MAX_BYTES = 16_384;
const MAX_LINES = 400;
const MAX_MEDIA = 16;

const forbidden = new BlockList();
forbidden.addSubnet('224.0.0.0', 4, 'ipv4');
forbidden.addAddress('255.255.255.255', 'ipv4');
forbidden.addSubnet('ff00::', 8, 'ipv6');

/** Reads SDP within bounds. Throws SdpError. */
export function readSdp(text: string): SessionDescription {
  if (text.length > MAX_BYTES || text.split('\n', MAX_LINES + 1).length > MAX_LINES)
    throw new SdpError('the SDP is too large');
  if (!/^v=0\r?\n/.test(text)) throw new SdpError('this is no SDP');
  let session: SessionDescription;
  try {
    session = parse(text);
  } catch (cause) {
    throw new SdpError(`the SDP cannot be read: ${String(cause)}`);
  }
  if (session.media.length === 0 || session.media.length > MAX_MEDIA)
    throw new SdpError('the SDP has no media, or too many');
  return session;
}

/** The direction of a media line; its own, else the session's, else sendrecv. */
export function directionIn(session: SessionDescription, media: MediaDescription): Direction {
  return media.direction ?? session.direction ?? 'sendrecv';
}

/**
 * Where a media line wants its packets; `reachable` is false for 0.0.0.0 and ::, which mean: send nothing (RFC 3264 §8.4).
 * Throws SdpError for host names, multicast and ports that make no sense: RTP must not be aimed at everybody.
 */
export function addressIn(
  session: SessionDescription,
  media: MediaDescription,
): RemoteAddress & { reachable: boolean; version: 4 | 6 } {
  const address = (media.connection ?? session.connection)?.ip ?? '';
  const version = isIPv4(address) ? 4 : isIPv6(address) ? 6 : undefined;
  if (version === undefined) throw new SdpError('the connection address is no IP address', 301);
  if (forbidden.check(address, version === 4 ? 'ipv4' : 'ipv6'))
    throw new SdpError('the connection address is a multicast address', 330);
  const { port } = media;
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new SdpError('the media port is out of range');
  const stated = media.rtcp?.port ?? 0;
  const next = Math.min(port + 1, 65_535);
  const rtcpPort = media.rtcpMux ? port : stated >= 1 && stated <= 65_535 ? stated : next;
  const reachable = address !== '0.0.0.0' && address !== '::' && port !== 9;
  return { address, port, rtcpPort, reachable, version };
}
