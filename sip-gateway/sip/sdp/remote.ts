import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import type { Direction } from './direction.ts';

/** Unusable SDP. Refuse it with `status` and `warningField` (RFC 3261 §20.43). */
export class SdpError extends Error {
  override readonly name = 'SdpError';
  readonly status = 488;
  readonly warning: number;

  constructor(message: string, warning = 399) {
    super(message);
    this.warning = warning;
  }

  /** The Warning field of the response. */
  get warningField(): readonly ['warning', string] {
    return ['warning', `${this.warning} canopy "${this.message.replace(/["\\\r\n]/g, ' ')}"`];
  }
}

/** The peer's address for RTP and RTCP. */
export interface RemoteAddress {
  /** IPv4 or IPv6 address. Empty if the SDP has a host name: it is never resolved, and media uses the signalling address. */
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

/** `m=<media> <port>[/<number of ports>] <transport> <formats>` (RFC 4566 §5.14), separated by blanks or tabs. */
const MEDIA_LINE = /^m=(\S+)[ \t]+([0-9]{1,9})(?:\/[0-9]+)?[ \t]+(\S+)(?:[ \t]+(.*))?$/;
/** `c=IN IP4 <address>`. A slash and TTL belong to multicast only, but some phones append them to their own address. */
const CONNECTION_LINE = /^c=IN[ \t]+IP([46])[ \t]+([^\s/]+)/i;
const CRYPTO_LINE = /^a=crypto:/i;
const FINGERPRINT_LINE = /^a=fingerprint:/i;
/** RFC 8842 §4. Others are ignored. */
const TLS_ID_LINE = /^a=tls-id:[ \t]*([A-Za-z0-9+/_-]{20,255})$/i;
const HOST_NAME = /^(?=.*[A-Za-z])[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/;
/** RTP, with the letter S if it is SRTP. With AVPF and SAVPF, neither side has to send feedback (RFC 4585, RFC 5124). */
const RTP = /^(?:RTP\/(S?)|UDP\/TLS\/RTP\/(S))AVPF?$/i;

/** A media line, with the values of some of its lines as they are: the library understands only a part of them. */
export interface SdpMedia extends MediaDescription {
  cryptoLines?: readonly string[];
  fingerprintLines?: readonly string[];
  tlsId?: string;
}

export interface SdpDescription extends SessionDescription {
  media: SdpMedia[];
  /** Those before the first media line. */
  fingerprintLines?: readonly string[];
}

/**
 * Parses SDP of limited size. Ignores a byte order mark and trailing blanks. The m= and c= lines are parsed here, because the library skips
 * those that its patterns do not match.
 * @throws {SdpError} it is malformed or too large
 */
export function readSdp(text: string): SdpDescription {
  if (text.length > MAX_BYTES) {
    throw new SdpError('the SDP is too large');
  }
  const lines = text
    .replace(/^\ufeff?[\r\n]*/, '')
    .split(/\r\n|\r|\n/, MAX_LINES + 1)
    .map((line) => line.trimEnd());
  if (lines.length > MAX_LINES) {
    throw new SdpError('the SDP is too large');
  }
  if (lines[0] !== 'v=0') {
    throw new SdpError('not an SDP');
  }
  const media: (Pick<SdpMedia, 'type' | 'port' | 'protocol' | 'payloads'> & {
    cryptoLines: string[];
    fingerprintLines: string[];
    tlsId?: string;
  })[] = [];
  const fingerprintLines: string[] = [];
  const understood = lines.flatMap((line) => {
    if (line.startsWith('m=')) {
      media.push({ ...readMediaLine(line), cryptoLines: [], fingerprintLines: [] });
      return 'm=audio 0 RTP/AVP 0';
    }
    if (CRYPTO_LINE.test(line)) {
      media.at(-1)?.cryptoLines.push(line.slice('a=crypto:'.length));
      return [];
    }
    if (FINGERPRINT_LINE.test(line)) {
      (media.at(-1)?.fingerprintLines ?? fingerprintLines).push(line.slice('a=fingerprint:'.length));
      return [];
    }
    const [, tlsId] = TLS_ID_LINE.exec(line) ?? [];
    if (tlsId !== undefined) {
      Object.assign(media.at(-1) ?? {}, { tlsId });
      return [];
    }
    if (!line.startsWith('c=')) {
      return line;
    }
    const [, version = '0', address = '-'] = CONNECTION_LINE.exec(line) ?? [];
    return `c=IN IP${version} ${address}`;
  });
  if (media.length === 0 || media.length > MAX_MEDIA) {
    throw new SdpError('the SDP has no media, or too many');
  }
  try {
    const session: SdpDescription = parse(understood.join('\r\n'));
    for (const [index, line] of media.entries()) {
      Object.assign(session.media[index] ?? {}, line);
    }
    return Object.assign(session, { fingerprintLines });
  } catch (cause) {
    throw new SdpError(`the SDP cannot be read: ${String(cause)}`);
  }
}

function readMediaLine(line: string): Pick<MediaDescription, 'type' | 'port' | 'protocol' | 'payloads'> {
  const [, type, port, protocol, formats = ''] = MEDIA_LINE.exec(line) ?? [];
  if (type === undefined || protocol === undefined) {
    throw new SdpError('a media line cannot be read');
  }
  return { type, port: Number(port), protocol, payloads: formats.split(/[ \t]+/).join(' ') };
}

/** Whether a media line is audio over RTP: in the clear or, by its profile, encrypted. Undefined: neither. */
export function audioProfile({
  type,
  protocol,
}: Pick<MediaDescription, 'type' | 'protocol'>): 'plain' | 'secure' | undefined {
  const found = isAudio({ type }) ? RTP.exec(protocol) : null;
  return found === null ? undefined : found[1] || found[2] ? 'secure' : 'plain';
}

/** Whether a media line is SRTP with keys by DTLS. */
export function isDtlsProfile({ protocol }: Pick<MediaDescription, 'protocol'>): boolean {
  return /^UDP\/TLS\//i.test(protocol);
}

export function isAudio({ type }: Pick<MediaDescription, 'type'>): boolean {
  return type.toLowerCase() === 'audio';
}

/** The first alternative with unencrypted audio, or else the first one; and the last one, the best for its sender, that is encrypted. */
export function usableSdp(alternatives: readonly string[]): { sdp?: string; encryptedSdp?: string } {
  const has = (profile: 'plain' | 'secure') => (text: string) => {
    try {
      return readSdp(text).media.some((media) => media.port !== 0 && audioProfile(media) === profile);
    } catch (error) {
      if (error instanceof SdpError) {
        return false;
      }
      throw error;
    }
  };
  const sdp = alternatives.find(has('plain')) ?? alternatives[0];
  const encryptedSdp = alternatives.findLast(has('secure'));
  return {
    ...(sdp !== undefined && { sdp }),
    ...(encryptedSdp !== undefined && encryptedSdp !== sdp && { encryptedSdp }),
  };
}

/** The IP address of the audio in an offer; undefined if there is none. */
export function mediaAddressIn(offer: string): string | undefined {
  try {
    const session = readSdp(offer);
    const media = session.media.find((line) => line.port !== 0 && audioProfile(line) !== undefined);
    const found = media && addressIn(session, media);
    return found?.reachable ? found.address || undefined : undefined;
  } catch (error) {
    if (error instanceof SdpError) {
      return undefined;
    }
    throw error;
  }
}

/** Whether an IP address is a group's: RTP must not be sent there. */
export function isMulticast(address: string): boolean {
  return forbidden.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** The direction of a media line: its own, or else the session's, or else sendrecv. */
export function directionIn(session: SessionDescription, media: MediaDescription): Direction {
  return media.direction ?? session.direction ?? 'sendrecv';
}

/**
 * The address of a media line. `reachable` is false for 0.0.0.0 and ::, which mean "send nothing" (RFC 3264 §8.4). `version` is undefined
 * for a host name. Multicast is refused, since RTP must not be sent to a group.
 * @throws {SdpError} a multicast or malformed address, or an invalid port
 */
export function addressIn(
  session: SessionDescription,
  media: MediaDescription,
): RemoteAddress & { reachable: boolean; version: 4 | 6 | undefined } {
  const connection = media.connection ?? session.connection;
  const named = connection?.ip ?? '';
  const version = isIPv4(named) ? 4 : isIPv6(named) ? 6 : undefined;
  if (!connection?.version || (version === undefined && !HOST_NAME.test(named))) {
    throw new SdpError('the connection address is not an IP address', 301);
  }
  const address = version === undefined ? '' : named;
  if (version !== undefined && isMulticast(address)) {
    throw new SdpError('the connection address is a multicast address', 330);
  }
  const { port } = media;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new SdpError('the media port is out of range');
  }
  const stated = media.rtcp?.port ?? 0;
  const next = Math.min(port + 1, 65_535);
  const rtcpPort = media.rtcpMux ? port : stated >= 1 && stated <= 65_535 ? stated : next;
  const reachable = address !== '0.0.0.0' && address !== '::' && port !== 9;
  return { address, port, rtcpPort, reachable, version };
}
