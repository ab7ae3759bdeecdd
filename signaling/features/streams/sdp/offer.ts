import type { types } from 'mediasoup-client';
import { extractRtpCapabilities } from 'mediasoup-client/handlers/sdp/commonUtils';
import * as ortc from 'mediasoup-client/ortc';
import sdpTransform from 'sdp-transform';
import { CanopyError } from '../../../../base/index.ts';
import type { ClientDtlsParameters, MediaKind, StreamDirection } from '../../../../contract/index.ts';

export type Section = sdpTransform.SessionDescription['media'][number];

/** An offer whose structure was checked: one bundle, one ICE and one DTLS association (RFC 9725 §4.4, RFC 9429). */
export interface Offer {
  /** All sections, in order. */
  readonly sections: readonly Section[];
  /** Those that can carry media in the direction of the stream; no others are accepted. */
  readonly usable: readonly Section[];
  readonly iceUfrag: string;
  readonly dtlsParameters: ClientDtlsParameters;
  /** What both sides support, with the payload types and ids of the offer. */
  readonly shared: types.ExtendedRtpCapabilities;
}

/** More sections than any program offers. */
const MAX_SECTIONS = 16;
const FINGERPRINT = /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/;
/** RFC 8839 §5.4. */
const ICE_UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
/** A token that fits into a header extension. */
const MID = /^[!#$%&'*+.^_`{|}~0-9A-Za-z-]{1,16}$/;
/** What an offer must send or receive. */
const USABLE: Readonly<Record<StreamDirection, ReadonlySet<string>>> = {
  publish: new Set(['sendonly', 'sendrecv']),
  watch: new Set(['recvonly', 'sendrecv']),
};

/**
 * Reads an offer.
 *
 * @param routerRtpCapabilities what the room supports
 * @throws {CanopyError} SDP_INVALID - it is malformed; SDP_UNACCEPTABLE - nothing in it can be used; FINGERPRINT_INVALID
 */
export function readOffer(
  text: string,
  direction: StreamDirection,
  routerRtpCapabilities: types.RtpCapabilities,
): Offer {
  const session = parsed(text);
  const { media: sections } = session;
  if (sections.length === 0 || sections.length > MAX_SECTIONS) {
    throw new CanopyError('SDP_INVALID', `1 to ${MAX_SECTIONS} media sections`);
  }
  const mids = sections.map(({ mid }) => String(mid ?? ''));
  if (new Set(mids).size !== mids.length || !mids.every((mid) => MID.test(mid))) {
    throw new CanopyError('SDP_INVALID', 'a=mid: each section needs its own, of at most 16 characters');
  }
  const shared = sharedCapabilities(session, routerRtpCapabilities);
  const wanted = sections.filter(
    (section) =>
      isMedia(section) &&
      (section.port !== 0 || section.bundleOnly !== undefined) &&
      USABLE[direction].has(section.direction ?? session.direction ?? 'sendrecv'),
  );
  const usable = wanted.filter((section) => hasSharedCodec(section, shared));
  // A stream without its picture would look as if it worked.
  if (usable.length === 0 || (direction === 'publish' && usable.length < wanted.length)) {
    throw new CanopyError(
      'SDP_UNACCEPTABLE',
      wanted.length === 0
        ? `a section with a=${direction === 'publish' ? 'sendonly' : 'recvonly'}`
        : `the room has ${codecNames(routerRtpCapabilities)}`,
    );
  }
  demandBundle(session, usable);
  const [first] = usable as [Section];
  const iceUfrag = String(first.iceUfrag ?? session.iceUfrag ?? '');
  if (!ICE_UFRAG.test(iceUfrag) || (first.icePwd ?? session.icePwd) === undefined) {
    throw new CanopyError('SDP_INVALID', 'a=ice-ufrag and a=ice-pwd');
  }
  return { sections, usable, iceUfrag, dtlsParameters: dtlsOf(text, session, first), shared };
}

function isMedia({ type }: Pick<Section, 'type'>): boolean {
  return type === 'audio' || type === 'video';
}

export function kindOf({ type }: Pick<Section, 'type'>): MediaKind {
  return type === 'audio' ? 'audio' : 'video';
}

/** Parses a description or a part of one. @throws {CanopyError} SDP_INVALID */
export function parsed(text: string): sdpTransform.SessionDescription {
  // The parser skips lines that it does not know.
  if (!/^(v=0|a=|m=)/.test(text)) {
    throw new CanopyError('SDP_INVALID');
  }
  try {
    return sdpTransform.parse(text);
  } catch {
    throw new CanopyError('SDP_INVALID');
  }
}

function sharedCapabilities(
  session: sdpTransform.SessionDescription,
  routerRtpCapabilities: types.RtpCapabilities,
): types.ExtendedRtpCapabilities {
  const offered = extractRtpCapabilities({ sdpObject: session });
  for (const { parameters } of offered.codecs ?? []) {
    constrainBaseline(parameters);
  }
  try {
    ortc.validateAndNormalizeRtpCapabilities(offered);
  } catch (error) {
    throw new CanopyError('SDP_INVALID', error instanceof Error ? error.message.slice(0, 200) : undefined);
  }
  // The extensions of both kinds share their ids, and the function above keeps only the last kind of each.
  offered.headerExtensions = session.media
    .filter(isMedia)
    .flatMap((section) =>
      (section.ext ?? []).flatMap(({ uri, value, 'encrypt-uri': encrypted }) =>
        encrypted
          ? []
          : [{ kind: kindOf(section), uri: uri as types.RtpHeaderExtensionUri, preferredId: value }],
      ),
    );
  // Matching changes its arguments.
  return ortc.getExtendedRtpCapabilities(offered, structuredClone(routerRtpCapabilities), true);
}

function hasSharedCodec(
  { type, rtp }: Section,
  { codecs }: Pick<types.ExtendedRtpCapabilities, 'codecs'>,
): boolean {
  return codecs.some(
    ({ kind, localPayloadType }) => kind === type && rtp.some(({ payload }) => payload === localPayloadType),
  );
}

/** What a program may send, in words. */
function codecNames({ codecs = [] }: types.RtpCapabilities): string {
  const names = codecs.flatMap(({ mimeType }) => mimeType.split('/')[1] ?? []);
  return [...new Set(names.filter((name) => name !== 'rtx'))]
    .map((name) => (name === 'H264' ? 'H264 (profile baseline or main)' : name))
    .join(', ');
}

/**
 * Encoders call constrained baseline plain baseline, e.g. FFmpeg's. They differ in tools that none of them uses (flexible order of macroblocks,
 * redundant slices).
 */
function constrainBaseline(parameters: Record<string, unknown> | undefined): void {
  const id = parameters?.['profile-level-id'];
  if (parameters && typeof id === 'string') {
    parameters['profile-level-id'] = id.replace(/^42[04]0/i, '42e0');
  }
}

/** @throws {CanopyError} SDP_UNACCEPTABLE */
function demandBundle({ groups = [] }: sdpTransform.SessionDescription, usable: readonly Section[]): void {
  const bundle = groups.find(({ type }) => type === 'BUNDLE')?.mids.split(' ') ?? [];
  if (usable.length > 1 && !usable.every(({ mid }) => bundle.includes(String(mid)))) {
    throw new CanopyError('SDP_UNACCEPTABLE', 'a=group:BUNDLE with all sections');
  }
  if (!usable.every(({ rtcpMux }) => rtcpMux !== undefined)) {
    throw new CanopyError('SDP_UNACCEPTABLE', 'a=rtcp-mux');
  }
}

/** @throws {CanopyError} SDP_INVALID, FINGERPRINT_INVALID */
function dtlsOf(
  text: string,
  session: sdpTransform.SessionDescription,
  section: Section,
): ClientDtlsParameters {
  // The parser keeps only the last of several. A bundle has one certificate.
  const hashes = [...text.matchAll(/^a=fingerprint:sha-256 +([0-9a-f:]+)\s*$/gim)];
  const [value = '', ...others] = new Set(hashes.map(([, hash = '']) => hash.toUpperCase()));
  if (!FINGERPRINT.test(value) || others.length > 0) {
    throw new CanopyError('FINGERPRINT_INVALID', 'a=fingerprint:sha-256, the same in all sections');
  }
  const roles = { active: 'client', actpass: 'client', passive: 'server' } as const;
  const role = roles[(section.setup ?? session.setup) as keyof typeof roles];
  if (role === undefined) {
    throw new CanopyError('SDP_INVALID', 'a=setup');
  }
  return { role, fingerprints: [{ algorithm: 'sha-256', value }] };
}
