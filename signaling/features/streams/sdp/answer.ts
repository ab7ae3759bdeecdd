import type { types } from 'mediasoup-client';
import sdpTransform from 'sdp-transform';
import type { IceCandidate, StreamDirection } from '../../../../contract/index.ts';
import type { Offer, Section } from './offer.ts';

/** The server's `a=setup`, by the role of the program. */
const SETUPS = { client: 'passive', auto: 'passive', server: 'active' } as const;

/** The server's side of the transport. */
export interface ServerTransport {
  iceParameters: { usernameFragment: string; password: string };
  iceCandidates: readonly IceCandidate[];
  fingerprint: string;
}

/** A section that is accepted. */
export interface AcceptedSection {
  readonly section: Section;
  readonly answer: types.RtpParameters;
  /** The RIDs that are received, as ordered in the offer; empty without simulcast. */
  readonly rids?: readonly string[];
}

/**
 * Writes the answer to an offer. The server is ICE-lite and tells all its candidates at once; it is the DTLS server unless the offer wants
 * to be that. Sections that are not accepted are refused (RFC 9429 §5.3.1).
 */
export function writeAnswer(
  offer: Offer,
  direction: StreamDirection,
  accepted: readonly AcceptedSection[],
  transport: ServerTransport,
): string {
  const bundled = accepted.map(({ section }) => String(section.mid));
  const media = offer.sections.map((section) => {
    const found = accepted.find((each) => each.section === section);
    return found
      ? acceptedSection(found, direction, offer, transport, bundled[0] === String(section.mid))
      : refusedSection(section);
  });
  return sdpTransform.write({
    version: 0,
    origin: {
      username: '-',
      sessionId: String(Math.floor(Date.now() / 1000)),
      sessionVersion: 1,
      netType: 'IN',
      ipVer: 4,
      address: '127.0.0.1',
    },
    name: '-',
    timing: { start: 0, stop: 0 },
    icelite: 'ice-lite',
    groups: [{ type: 'BUNDLE', mids: bundled.join(' ') }],
    msidSemantic: { semantic: 'WMS', token: '*' },
    media,
  });
}

/** The server's part of an ICE restart, and what its candidates still are (RFC 8840). */
export function writeIceFragment(
  { iceParameters, iceCandidates }: Pick<ServerTransport, 'iceParameters' | 'iceCandidates'>,
  { type, mid }: Pick<Section, 'type' | 'mid'>,
): string {
  return [
    'a=ice-lite',
    `a=group:BUNDLE ${mid}`,
    `m=${type} 9 UDP/TLS/RTP/SAVPF 0`,
    `a=mid:${mid}`,
    `a=ice-ufrag:${iceParameters.usernameFragment}`,
    `a=ice-pwd:${iceParameters.password}`,
    ...iceCandidates.map((candidate) => `a=candidate:${candidateLine(candidate)}`),
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}

function acceptedSection(
  { section, answer, rids = [] }: AcceptedSection,
  direction: StreamDirection,
  { dtlsParameters }: Offer,
  { iceParameters, iceCandidates, fingerprint }: ServerTransport,
  isFirst: boolean,
): Section {
  const { codecs, headerExtensions = [] } = answer;
  const isPublished = direction === 'publish';
  return {
    type: section.type,
    port: 9,
    protocol: section.protocol,
    payloads: codecs.map(({ payloadType }) => payloadType).join(' '),
    connection: { version: 4, ip: '0.0.0.0' },
    mid: String(section.mid) as string,
    direction: isPublished ? 'recvonly' : 'sendonly',
    iceUfrag: iceParameters.usernameFragment,
    icePwd: iceParameters.password,
    // One section has them for the whole bundle.
    ...(isFirst && { candidates: iceCandidates.map(candidateOf), endOfCandidates: 'end-of-candidates' }),
    fingerprint: { type: 'sha-256', hash: fingerprint },
    setup: SETUPS[dtlsParameters.role ?? 'client'],
    rtcpMux: 'rtcp-mux',
    rtcpRsize: 'rtcp-rsize',
    ...(section.extmapAllowMixed !== undefined && { extmapAllowMixed: 'extmap-allow-mixed' }),
    ...(!isPublished && { msid: [{ id: 'canopy', appdata: `${section.type}-${section.mid}` }] }),
    ext: headerExtensions.map(({ uri, id }) => ({ uri, value: id })),
    rtp: codecs.map(({ payloadType, mimeType, clockRate, channels = 1 }) => ({
      payload: payloadType,
      codec: mimeType.slice(mimeType.indexOf('/') + 1),
      rate: clockRate,
      ...(channels > 1 && { encoding: channels }),
    })),
    fmtp: codecs.flatMap(({ payloadType, parameters = {} }) => {
      const config = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
      return config.length === 0 ? [] : [{ payload: payloadType, config: config.join(';') }];
    }),
    rtcpFb: codecs.flatMap(({ payloadType, rtcpFeedback = [] }) =>
      rtcpFeedback.map(({ type, parameter }) => ({
        payload: payloadType,
        type,
        ...(parameter && { subtype: parameter }),
      })),
    ),
    ...(rids.length > 0 && {
      rids: rids.map((id) => ({ id, direction: 'recv' })),
      simulcast: { dir1: 'recv', list1: rids.join(';') },
    }),
  };
}

function refusedSection({ type, protocol, payloads, mid }: Section): Section {
  return {
    ...{ type, port: 0, protocol, mid: String(mid) },
    payloads: payloads ?? '0',
    direction: 'inactive',
    rtp: [],
    fmtp: [],
  };
}

function candidateOf(candidate: IceCandidate): NonNullable<Section['candidates']>[number] {
  const { foundation, protocol, priority, address, port, type, tcpType } = candidate;
  return {
    ...{ foundation, component: 1, transport: protocol, priority, ip: address, port, type },
    ...(tcpType !== undefined && { tcptype: tcpType }),
  };
}

function candidateLine({
  foundation,
  protocol,
  priority,
  address,
  port,
  type,
  tcpType,
}: IceCandidate): string {
  const tcp = tcpType === undefined ? '' : ` tcptype ${tcpType}`;
  return `${foundation} 1 ${protocol} ${priority} ${address} ${port} typ ${type}${tcp}`;
}
