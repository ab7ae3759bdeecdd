import { randomInt } from 'node:crypto';
import type { types } from 'mediasoup-client';
import sdpTransform from 'sdp-transform';
import { nativeRtpCapabilities } from '../../client/node/index.ts';

/** The codecs that are sent, by kind. */
const CODECS: Record<types.MediaKind, string> = { audio: 'audio/opus', video: 'video/VP8' };

/** Our side of a link. */
export interface LocalMedia {
  iceParameters: types.IceParameters;
  dtlsParameters: types.DtlsParameters;
}

/** The server's side, as its description has it; candidates may follow separately. */
export interface DescribedMedia extends LocalMedia {
  iceCandidates: types.IceCandidate[];
}

/** A track that is offered in a section of its own. */
export interface SentSection {
  mid: string;
  kind: types.MediaKind;
  /** The server may know the track by it. */
  trackId: string;
  rtpParameters: types.RtpParameters;
  ssrcs: Array<{ ssrc: number; rtxSsrc?: number }>;
}

/** A stream that the server offers. */
export interface OfferedStream {
  mid: string;
  kind: types.MediaKind;
  rtpParameters: types.RtpParameters;
}

type Section = sdpTransform.SessionDescription['media'][number];

/** Everything that we can do with a track of this kind, in one encoding. */
export function sentSection(
  track: { mid: string; kind: types.MediaKind; trackId: string },
  cname: string,
  transportCc: boolean,
): SentSection {
  const { codecs = [], headerExtensions = [] } = nativeRtpCapabilities('sendonly', transportCc);
  const codec = codecs.find(({ mimeType }) => mimeType === CODECS[track.kind]);
  const rtx = codecs.find(({ parameters }) => parameters?.apt === codec?.preferredPayloadType);
  const [ssrc, rtxSsrc] = [randomInt(1, 0xffff_ffff), randomInt(1, 0xffff_ffff)];
  return {
    ...track,
    rtpParameters: {
      mid: track.mid,
      codecs: [codec, rtx].flatMap((each) =>
        each ? [{ ...each, payloadType: each.preferredPayloadType ?? 0 } as types.RtpCodecParameters] : [],
      ),
      // Without RIDs: there is one encoding.
      headerExtensions: headerExtensions
        .filter(({ kind, uri }) => kind === track.kind && !uri.includes('rtp-stream-id'))
        .map(({ uri, preferredId }) => ({ uri, id: preferredId })),
      encodings: [{ ssrc, ...(rtx && { rtx: { ssrc: rtxSsrc } }) }],
      rtcp: { cname, reducedSize: true, mux: true },
    },
    ssrcs: [{ ssrc, ...(rtx && { rtxSsrc }) }],
  };
}

/** The offer of a client that only sends. It is the DTLS client, as it would be with mediasoup. */
export function offerSdp(local: LocalMedia, sections: readonly SentSection[]): string {
  const bodies = sections.map(({ mid, kind, trackId, rtpParameters, ssrcs }) => {
    const cname = rtpParameters.rtcp?.cname ?? '';
    const [{ ssrc, rtxSsrc }] = ssrcs as [{ ssrc: number; rtxSsrc?: number }];
    return [
      ...mediaLines({ mid, kind, direction: 'sendonly' }, rtpParameters, local),
      `a=msid:${cname} ${trackId}`,
      ...(rtxSsrc === undefined ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`]),
      ...[ssrc, ...(rtxSsrc === undefined ? [] : [rtxSsrc])].flatMap((each) => [
        `a=ssrc:${each} cname:${cname}`,
        `a=ssrc:${each} msid:${cname} ${trackId}`,
      ]),
    ];
  });
  return describe(
    local,
    sections.map(({ mid }) => mid),
    bodies,
  );
}

/** What remains of an offered track after the server's answer; undefined if it was refused. */
export function acceptedSection(section: SentSection, answer: string): SentSection | undefined {
  const found = sdpTransform.parse(answer).media.find(({ mid }) => String(mid) === section.mid);
  if (!found || found.port === 0) {
    return undefined;
  }
  const payloadTypes = new Set(found.rtp.map(({ payload }) => payload));
  const extensions = new Set(found.ext?.map(({ uri }) => uri));
  const { rtpParameters } = section;
  const codecs = rtpParameters.codecs.filter(({ payloadType }) => payloadTypes.has(payloadType));
  return {
    ...section,
    rtpParameters: {
      ...rtpParameters,
      codecs,
      headerExtensions: rtpParameters.headerExtensions?.filter(({ uri }) => extensions.has(uri)) ?? [],
    },
    ssrcs: section.ssrcs.map(({ ssrc, rtxSsrc }) => ({
      ssrc,
      ...(codecs.length > 1 && rtxSsrc !== undefined && { rtxSsrc }),
    })),
  };
}

/** ICE and DTLS of a description, from its first section that is in use. */
export function describedMedia(description: string): DescribedMedia {
  const session = sdpTransform.parse(description);
  const section: Section | undefined =
    session.media.find(({ iceUfrag, port }) => iceUfrag && port !== 0) ?? session.media[0];
  const { type: algorithm = '', hash: value = '' } = section?.fingerprint ?? session.fingerprint ?? {};
  return {
    iceParameters: {
      usernameFragment: section?.iceUfrag ?? session.iceUfrag ?? '',
      password: section?.icePwd ?? session.icePwd ?? '',
      iceLite: true,
    },
    dtlsParameters: {
      fingerprints: [{ algorithm: algorithm as types.FingerprintAlgorithm, value }],
    },
    iceCandidates: session.media.flatMap(({ candidates }) => candidates ?? []).flatMap(usable),
  };
}

/** A candidate that was trickled, if it is one of UDP. */
export function trickledCandidate(line: string): types.IceCandidate[] {
  const { candidates } = sdpTransform.parse(`m=audio 9 RTP/AVP 0\r\na=${line}\r\n`).media[0] ?? {};
  return (candidates ?? []).flatMap(usable);
}

/** The streams that a server's offer contains. */
export function offeredStreams(offer: string): OfferedStream[] {
  return sdpTransform.parse(offer).media.flatMap((section) => {
    const kind = section.type as types.MediaKind;
    const ssrc = section.ssrcs?.[0]?.id;
    const isSent = section.direction === 'sendonly' || section.direction === 'sendrecv';
    if (section.port === 0 || !isSent || ssrc === undefined || !(kind in CODECS)) {
      return [];
    }
    const [, rtxSsrc] = (section.ssrcGroups?.find(({ semantics }) => semantics === 'FID')?.ssrcs ?? '')
      .split(' ')
      .map(Number);
    const encoding = { ssrc: Number(ssrc), ...(rtxSsrc && { rtx: { ssrc: rtxSsrc } }) };
    return [
      {
        mid: String(section.mid),
        kind,
        rtpParameters: { ...accepted(section, true), encodings: [encoding] },
      },
    ];
  });
}

/**
 * Our answer to an offer: all its audio in Opus and its video in VP8. Data channels are accepted, because LiveKit's connection begins with
 * them, but nobody opens any.
 */
export function answerSdp(local: LocalMedia, offer: string, transportCc: boolean): string {
  const { media } = sdpTransform.parse(offer);
  const inUse = media.filter(({ type, port }) => (type in CODECS || type === 'application') && port !== 0);
  const bodies = media.map((section) => {
    const mid = String(section.mid);
    if (!inUse.includes(section)) {
      return [`m=${section.type} 0 ${section.protocol} ${section.payloads}`, `a=mid:${mid}`, 'a=inactive'];
    }
    if (section.type === 'application') {
      return [
        `m=application 9 ${section.protocol} ${section.payloads}`,
        ...[
          'c=IN IP4 0.0.0.0',
          `a=mid:${mid}`,
          ...iceLines(local),
          `a=sctp-port:${section.sctpPort ?? 5000}`,
        ],
      ];
    }
    const kind = section.type as types.MediaKind;
    const direction = section.direction === 'inactive' ? 'inactive' : 'recvonly';
    return mediaLines({ mid, kind, direction }, accepted(section, transportCc), local);
  });
  return describe(
    local,
    inUse.map(({ mid }) => String(mid)),
    bodies,
  );
}

/** What both sides know of an offered section, with the server's numbers. */
function accepted(section: Section, transportCc: boolean): types.RtpParameters {
  const kind = section.type as types.MediaKind;
  const own = nativeRtpCapabilities('recvonly', transportCc);
  const name = CODECS[kind].slice(kind.length + 1).toLowerCase();
  const main = section.rtp.find(({ codec }) => codec.toLowerCase() === name);
  const apt = section.fmtp.find(({ config }) => /^apt=(\d+)/.exec(config)?.[1] === String(main?.payload));
  const rtx = section.rtp.find(({ payload, codec }) => payload === apt?.payload && codec === 'rtx');
  const feedback = own.codecs?.find(({ mimeType }) => mimeType === CODECS[kind])?.rtcpFeedback ?? [];
  const codecs: types.RtpCodecParameters[] = [];
  if (main) {
    codecs.push({
      mimeType: CODECS[kind] as types.RtpCodecParameters['mimeType'],
      payloadType: main.payload,
      clockRate: main.rate ?? 90_000,
      ...(kind === 'audio' && { channels: 2 }),
      rtcpFeedback: feedback.filter(({ type, parameter }) =>
        section.rtcpFb?.some(
          (offered) => offered.type === type && (offered.subtype ?? '') === (parameter ?? ''),
        ),
      ),
    });
  }
  if (main && rtx) {
    codecs.push({
      mimeType: `${kind}/rtx`,
      payloadType: rtx.payload,
      clockRate: rtx.rate ?? 90_000,
      parameters: { apt: main.payload },
    });
  }
  const known = new Set(own.headerExtensions?.filter((each) => each.kind === kind).map(({ uri }) => uri));
  return {
    mid: String(section.mid),
    codecs,
    headerExtensions: (section.ext ?? [])
      .filter(({ uri }) => known.has(uri as types.RtpHeaderExtensionUri))
      .map(({ uri, value: id }) => ({ uri: uri as types.RtpHeaderExtensionUri, id })),
  };
}

function usable({
  foundation,
  transport,
  priority,
  ip,
  port,
  type,
}: {
  foundation: string;
  transport: string;
  priority: number | string;
  ip: string;
  port: number;
  type: string;
}): types.IceCandidate[] {
  // IPv4 is enough on one machine, and a name would have to be resolved.
  return transport.toLowerCase() === 'udp' && type === 'host' && /^[\d.]+$/.test(ip)
    ? [{ foundation, priority: Number(priority), ip, address: ip, port, protocol: 'udp', type }]
    : [];
}

function describe(
  local: LocalMedia,
  bundled: readonly string[],
  bodies: ReadonlyArray<readonly string[]>,
): string {
  return [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0'],
    `a=group:BUNDLE ${bundled.join(' ')}`,
    'a=msid-semantic: WMS *',
    ...iceLines(local),
    ...bodies.flat(),
    '',
  ].join('\r\n');
}

function iceLines({ iceParameters, dtlsParameters }: LocalMedia): string[] {
  const [{ algorithm, value }] = dtlsParameters.fingerprints as [types.DtlsFingerprint];
  return [
    `a=ice-ufrag:${iceParameters.usernameFragment}`,
    `a=ice-pwd:${iceParameters.password}`,
    `a=fingerprint:${algorithm} ${value}`,
    'a=setup:active',
  ];
}

function mediaLines(
  { mid, kind, direction }: { mid: string; kind: string; direction: string },
  { codecs, headerExtensions = [] }: types.RtpParameters,
  local: LocalMedia,
): string[] {
  return [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${codecs.map(({ payloadType }) => payloadType).join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    `a=${direction}`,
    ...iceLines(local),
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...headerExtensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    ...codecs.flatMap(
      ({ payloadType, mimeType, clockRate, channels, parameters = {}, rtcpFeedback = [] }) => [
        `a=rtpmap:${payloadType} ${mimeType.slice(kind.length + 1)}/${clockRate}${channels ? `/${channels}` : ''}`,
        ...formatLine(payloadType, parameters),
        ...rtcpFeedback.map(
          ({ type, parameter }) => `a=rtcp-fb:${payloadType} ${type}${parameter ? ` ${parameter}` : ''}`,
        ),
      ],
    ),
  ];
}

function formatLine(payloadType: number, parameters: Record<string, unknown>): string[] {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? [] : [`a=fmtp:${payloadType} ${pairs.join(';')}`];
}
