import { randomBytes } from 'node:crypto';
import type { MediaDescription, SessionDescription } from 'sdp-transform';
import { type SdpDescription, SdpError, type SdpMedia } from './remote.ts';

/** Hash functions of fingerprints, the weakest first. */
const HASHES = { 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 } as const;
export type FingerprintHash = keyof typeof HASHES;

/** The certificate that the peer must have, and who begins the handshake (RFC 5763). */
export interface NegotiatedDtls {
  /** We do. */
  readonly active: boolean;
  readonly hash: FingerprintHash;
  /** The certificate has one of these digests. */
  readonly digests: readonly Uint8Array[];
  /** The peer's name of the association, and ours (RFC 8842 §4). The peer need not give one. */
  readonly tlsId?: string;
  readonly ownTlsId?: string;
}

/** A new name of ours for an association. */
export function newTlsId(): string {
  return randomBytes(18).toString('base64url');
}

/** Whether `after` continues the association of `before` (RFC 8842 §3.1). */
export function isSameAssociation(before: NegotiatedDtls, after: NegotiatedDtls): boolean {
  return (
    before.active === after.active &&
    before.hash === after.hash &&
    before.tlsId === after.tlsId &&
    before.digests.length === after.digests.length &&
    before.digests.every((digest, index) => Buffer.compare(digest, after.digests[index] ?? digest) === 0)
  );
}

const LINE = /^(sha-[0-9]{3})[ \t]+([0-9A-F]{2}(?::[0-9A-F]{2}){19,63})$/i;
const MAX_LINES = 8;

/** Whether a media line, or the session, names a certificate. */
export function hasFingerprint(session: SdpDescription, media: SdpMedia): boolean {
  return linesOf(session, media).length > 0;
}

/**
 * The digests with the best hash function (RFC 8122 §5).
 *
 * @throws {SdpError} none can be used
 */
export function readFingerprints(
  session: SdpDescription,
  media: SdpMedia,
): Pick<NegotiatedDtls, 'hash' | 'digests'> {
  const found = linesOf(session, media)
    .slice(0, MAX_LINES)
    .flatMap((text) => {
      const [, name = '', hex = ''] = LINE.exec(text.trim()) ?? [];
      const hash = name.toLowerCase() as FingerprintHash;
      const digest = Buffer.from(hex.replaceAll(':', ''), 'hex');
      return HASHES[hash] === digest.length ? { hash, digest } : [];
    });
  const [best] = found.toSorted((a, b) => HASHES[b.hash] - HASHES[a.hash]);
  if (!best) {
    throw new SdpError('the fingerprint cannot be used: SHA-256, SHA-384 and SHA-512 are supported', 302);
  }
  const { hash } = best;
  return { hash, digests: found.filter((each) => each.hash === hash).map(({ digest }) => digest) };
}

/**
 * Our role in the answer to an offer. A peer that leaves the choice to us begins: behind a NAT only it can. `before`: our role in the present
 * association, which does not change without need (RFC 8842 §5.3).
 *
 * @throws {SdpError} there is none
 */
export function answerRole(
  session: SessionDescription,
  media: MediaDescription,
  before: boolean | undefined,
): boolean {
  switch (setupOf(session, media)) {
    case 'actpass':
      return before ?? false;
    case 'passive':
      return true;
    case 'active':
      return false;
    default:
      throw new SdpError('the setup attribute is not supported');
  }
}

/** Our role after the answer to our offer, which leaves the choice to the peer. @throws {SdpError} the peer did not choose */
export function offererRole(session: SessionDescription, media: MediaDescription): boolean {
  switch (setupOf(session, media)) {
    case 'passive':
      return true;
    case 'active':
      return false;
    default:
      throw new SdpError('the setup attribute of the answer is not supported');
  }
}

/** Default: `active` (RFC 4145 §4). */
function setupOf(session: SessionDescription, media: MediaDescription): string {
  return String(media.setup ?? session.setup ?? 'active').toLowerCase();
}

function linesOf(session: SdpDescription, media: SdpMedia): readonly string[] {
  const own = media.fingerprintLines ?? [];
  return own.length > 0 ? own : (session.fingerprintLines ?? []);
}
