import { randomBytes } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { MediaDescription, SessionDescription } from 'sdp-transform';
import { isMulticast } from './remote.ts';

/** `accept`: ICE is used if the peer offers it. `offer`: our offers have it too. */
export type IceUse = 'off' | 'accept' | 'offer';

/** An address of the peer. */
export interface IceCandidate {
  /** 1: RTP, 2: RTCP. */
  readonly component: 1 | 2;
  readonly priority: number;
  readonly address: string;
  readonly port: number;
}

/** What an offer and answer agree on about ICE (RFC 8839). */
export interface NegotiatedIce {
  readonly usernameFragment: string;
  readonly password: string;
  readonly remoteUsernameFragment: string;
  readonly remotePassword: string;
  /** The peer is ICE-lite, so we send the checks. */
  readonly controlling: boolean;
  readonly candidates: readonly IceCandidate[];
}

interface Credentials {
  readonly usernameFragment: string;
  readonly password: string;
}

/** The credentials in use, as plain data. Empty without ICE. */
export interface SavedIce {
  readonly local?: Credentials | undefined;
  readonly remote?: Credentials | undefined;
}

/** What the SDP of one side says about ICE. */
interface RemoteIce extends Credentials {
  readonly isLite: boolean;
  readonly candidates: readonly IceCandidate[];
}

/** Attributes of our media line. */
export type IceAttributes = Pick<MediaDescription, 'iceUfrag' | 'icePwd' | 'candidates' | 'invalid'>;

/** ice-char of RFC 8839 §5.4. */
const FRAGMENT = /^[A-Za-z0-9+/]{4,256}$/;
const PASSWORD = /^[A-Za-z0-9+/]{22,256}$/;
const MAX_CANDIDATES = 32;
const MAX_PRIORITY = 2 ** 31 - 1;
/** Priority of our only candidate of component 1: a host candidate with the highest local preference (RFC 8445 §5.1.2). */
const HOST_PRIORITY = 126 * 2 ** 24 + 65_535 * 2 ** 8 + 255;
/** The port of a service that discards everything. */
const DISCARD_PORT = 9;
const MISMATCH = { value: 'ice-mismatch' };

/**
 * ICE in the offers and answers of one call (RFC 8839). We have one host candidate for each component, and are ICE-lite, except towards peers
 * that are ICE-lite themselves.
 */
export class IceSession {
  #local: Credentials | undefined;
  #remote: Credentials | undefined;

  /** Whether ICE was negotiated last. */
  get active(): boolean {
    return this.#remote !== undefined;
  }

  /** The credentials in use, for restore(). */
  save(): SavedIce {
    return { local: this.#local, remote: this.#remote };
  }

  /** Continues the ICE of an earlier process. */
  restore({ local, remote }: SavedIce): void {
    this.#local = local;
    this.#remote = remote;
  }

  /** Our credentials for an offer: those in use, or new ones. */
  offer(): Credentials {
    this.#local ??= newCredentials();
    return this.#local;
  }

  /** Reads the peer's offer, whose new credentials restart ICE. Undefined: no ICE; `mismatch`: only its candidates are wrong. */
  answer(
    session: SessionDescription,
    media: MediaDescription,
    rtcpMux: boolean,
  ): NegotiatedIce | 'mismatch' | undefined {
    const remote = readIce(session, media, rtcpMux);
    if (remote === undefined || remote === 'mismatch') {
      this.end();
      return remote;
    }
    if (this.#remote && !isSame(this.#remote, remote)) {
      this.#local = undefined;
    }
    return this.#agree(remote);
  }

  /** Reads the answer to an offer with ICE; undefined: without ICE. */
  readAnswer(
    session: SessionDescription,
    media: MediaDescription,
    rtcpMux: boolean,
  ): NegotiatedIce | undefined {
    const remote = readIce(session, media, rtcpMux);
    if (remote === undefined || remote === 'mismatch') {
      this.end();
      return undefined;
    }
    return this.#agree(remote);
  }

  /** The call goes on without ICE. */
  end(): void {
    this.#local = undefined;
    this.#remote = undefined;
  }

  #agree({ isLite, candidates, usernameFragment, password }: RemoteIce): NegotiatedIce {
    this.#remote = { usernameFragment, password };
    return {
      ...this.offer(),
      remoteUsernameFragment: usernameFragment,
      remotePassword: password,
      controlling: isLite,
      candidates,
    };
  }
}

/** The attributes of our media line. */
export function iceAttributes(
  { usernameFragment, password }: Credentials,
  { address, port }: { address: string; port: number },
  rtcpMux: boolean,
): IceAttributes {
  const candidate = (component: 1 | 2) => ({
    foundation: '1',
    component,
    transport: 'UDP',
    priority: HOST_PRIORITY + 1 - component,
    ip: address,
    port: port + component - 1,
    type: 'host',
  });
  return {
    iceUfrag: usernameFragment,
    icePwd: password,
    candidates: rtcpMux ? [candidate(1)] : [candidate(1), candidate(2)],
  };
}

/** The attributes of an answer to an offer whose candidates do not match its address (RFC 8839 §4.2.5). */
export function iceMismatch(): IceAttributes {
  return { invalid: [MISMATCH] };
}

function readIce(
  session: SessionDescription,
  media: MediaDescription,
  rtcpMux: boolean,
): RemoteIce | 'mismatch' | undefined {
  // The library turns values that look like numbers into numbers.
  const usernameFragment = String(media.iceUfrag ?? session.iceUfrag ?? '');
  const password = String(media.icePwd ?? session.icePwd ?? '');
  if (!FRAGMENT.test(usernameFragment) || !PASSWORD.test(password) || hasMismatch(media)) {
    return undefined;
  }
  const listed = media.candidates ?? [];
  const candidates = listed.slice(0, MAX_CANDIDATES).flatMap(readCandidate);
  const isLite = session.icelite !== undefined;
  // Browsers hide their addresses behind names. Their checks show them.
  const mayHide = isHidden(media) && !isLite;
  if ((candidates.length === 0 && !mayHide) || !matchesDefault(session, media, rtcpMux)) {
    return 'mismatch';
  }
  return { usernameFragment, password, isLite, candidates };
}

/** Whether the SDP has no address for the media, which only ICE finds (RFC 8840 §4.1.1). Without ICE, it means hold. */
export function isHidden({ port }: MediaDescription): boolean {
  return port === DISCARD_PORT;
}

function hasMismatch({ invalid = [] }: MediaDescription): boolean {
  return invalid.some(({ value }) => value === MISMATCH.value);
}

function readCandidate({
  component,
  transport,
  priority,
  ip,
  port,
}: NonNullable<MediaDescription['candidates']>[number]): IceCandidate[] {
  const isAddress = (isIPv4(ip) || isIPv6(ip)) && !isMulticast(ip);
  if ((component !== 1 && component !== 2) || String(transport).toUpperCase() !== 'UDP' || !isAddress) {
    return [];
  }
  if (!(priority >= 1 && priority <= MAX_PRIORITY) || !(port >= 1 && port <= 65_535)) {
    return [];
  }
  return [{ component, priority, address: ip, port }];
}

/**
 * Whether the address in the m= and c= lines, and that for RTCP, are among the candidates (RFC 8839 §4.2.5). A middlebox that rewrites only
 * the former wants the media to pass it. An unreachable address means hold.
 */
function matchesDefault(session: SessionDescription, media: MediaDescription, rtcpMux: boolean): boolean {
  const address = (media.connection ?? session.connection)?.ip ?? '';
  if (address === '0.0.0.0' || address === '::' || isHidden(media)) {
    return true;
  }
  const has = (component: number, host: string, port: number) =>
    (media.candidates ?? []).some(
      (each) =>
        each.component === component &&
        each.port === port &&
        String(each.ip).toLowerCase() === String(host).toLowerCase(),
    );
  const rtcp = media.rtcp;
  return (
    has(1, address, media.port) &&
    (rtcpMux || has(2, rtcp?.address ?? address, rtcp?.port ?? media.port + 1) || !hasSecond(media))
  );
}

/** A peer without RTCP has no candidates for it. */
function hasSecond({ candidates = [] }: MediaDescription): boolean {
  return candidates.some(({ component }) => component === 2);
}

/** Random values in ice-char: 24 and 144 bits are required at least (RFC 8445 §5.3). */
function newCredentials(): Credentials {
  return {
    usernameFragment: randomBytes(6).toString('base64'),
    password: randomBytes(18).toString('base64'),
  };
}

function isSame(a: Credentials, b: Credentials): boolean {
  return a.usernameFragment === b.usernameFragment && a.password === b.password;
}
