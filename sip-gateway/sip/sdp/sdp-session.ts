import { randomInt } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { type MediaDescription, write } from 'sdp-transform';
import { type ChosenFormats, chooseFormats, DEFAULT_PTIME_MS, pickPtime, usable } from './choose-formats.ts';
import { answerFmtp, codecEntry, eventPayloadType, type Format, knownFormats } from './codecs.ts';
import { type LocalEncryption, NO_ENCRYPTION } from './crypto-session.ts';
import { answerDirection, type Direction } from './direction.ts';
import {
  IceSession,
  iceAttributes,
  iceMismatch,
  isHidden,
  type NegotiatedIce,
  type SavedIce,
} from './ice-session.ts';
import { audioLine, isAudioInUse, type Line, refused } from './media-line.ts';
import type { LocalAudio, NegotiatedAudio, ReceiveFormat } from './negotiated-audio.ts';
import {
  addressIn,
  audioProfile,
  directionIn,
  isAudio,
  type RemoteAddress,
  readSdp,
  type SdpDescription,
  SdpError,
  type SdpMedia,
} from './remote.ts';
import {
  type SavedSecurity,
  type Security,
  SecuritySession,
  unsupportedTransport,
} from './security-session.ts';

/** The SDP state of a call as plain data. */
export interface SavedSdp {
  readonly id: number;
  readonly version: number;
  readonly lastBody: string | undefined;
  readonly lines: Line[];
  readonly audioIndex: number;
  readonly payloadTypes: ReadonlyArray<readonly [format: string, payloadType: number]>;
  readonly agreed: NegotiatedAudio | undefined;
  readonly security: SavedSecurity;
  readonly ice: SavedIce;
}

/** The telephone-events that we support (RFC 4733 §3.2). */
const EVENTS = '0-16';
/** Clock rates at which our offers leave them out, so that an INVITE fits into a UDP packet: 0-15 is the default (RFC 4733 §2.4.1). */
const BRIEF_EVENTS: ReadonlySet<number> = new Set([16_000, 32_000]);

/**
 * The SDP state of one call (RFC 3264): makes and reads offers and answers, and keeps the order of media lines, the payload types and the
 * version of the origin. Supports one audio stream over RTP or SRTP (RTP/AVP, AVPF, SAVP, SAVPF), and refuses all other media lines.
 *
 * A call that prefers encryption offers RTP/AVP with crypto lines, which peers without SRTP ignore. Once a call is encrypted, neither side
 * can end that in a later offer.
 */
export class SdpSession {
  readonly #id: number;
  #version = 0;
  #lastBody: string | undefined;
  #lines: Line[] = [];
  #audioIndex = 0;
  /** Payload types keep their meaning for the whole session (RFC 3264 §8.3.2). */
  readonly #payloadTypes = new Map<string, number>();
  #offered: LocalAudio | undefined;
  /** The last negotiated audio. */
  #agreed: NegotiatedAudio | undefined;
  readonly #security = new SecuritySession();
  readonly #ice = new IceSession();
  /** Whether our last offer has ICE. */
  #iceOffered = false;

  /** `id`: of the session, in its origin. Default: a random one. */
  constructor(id = randomInt(1, 2 ** 47)) {
    this.#id = id;
  }

  /** The state of a call, for a later process. All plain data. */
  save(): SavedSdp {
    return {
      id: this.#id,
      version: this.#version,
      lastBody: this.#lastBody,
      lines: this.#lines,
      audioIndex: this.#audioIndex,
      payloadTypes: [...this.#payloadTypes],
      agreed: this.#agreed,
      security: this.#security.save(),
      ice: this.#ice.save(),
    };
  }

  static restore(saved: SavedSdp): SdpSession {
    const session = new SdpSession(saved.id);
    session.#version = saved.version;
    session.#lastBody = saved.lastBody;
    session.#lines = saved.lines;
    session.#audioIndex = saved.audioIndex;
    for (const [format, payloadType] of saved.payloadTypes) {
      session.#payloadTypes.set(format, payloadType);
    }
    session.#agreed = saved.agreed;
    session.#security.restore(saved.security);
    session.#ice.restore(saved.ice);
    return session;
  }

  /**
   * Makes the first or a changed offer (hold: `direction: 'sendonly'`). `isRetry`: the first one was refused, and is made in another way.
   *
   * @throws {SdpError} encryption is required but not possible
   */
  offer(local: LocalAudio, isRetry = false): string {
    this.#offered = local;
    const clockRates = new Set<number>();
    const formats: Format[] = local.codecs.map((name) => {
      const { clockRate, payloadType, fmtp } = codecEntry(name);
      clockRates.add(clockRate);
      return {
        kind: name,
        clockRate,
        payloadType: this.#payloadTypeOf(name, clockRate, payloadType),
        fmtp,
      };
    });
    for (const clockRate of local.events === false ? [] : clockRates) {
      formats.push({
        kind: 'telephone-event',
        clockRate,
        payloadType: this.#payloadTypeOf('telephone-event', clockRate, eventPayloadType(clockRate)),
        fmtp: BRIEF_EVENTS.has(clockRate) ? undefined : EVENTS,
      });
    }
    const { encryption = NO_ENCRYPTION } = local;
    const inUse = this.#agreed && this.#lines[this.#audioIndex]?.protocol;
    const { protocol, attributes: security } =
      inUse === undefined
        ? this.#security.firstOffer(encryption, isRetry)
        : { protocol: inUse, attributes: this.#security.laterOffer(encryption) };
    this.#iceOffered = local.ice === 'offer' || (local.ice === 'accept' && this.#ice.active);
    const audio = audioLine(local, formats, {
      protocol,
      direction: local.direction ?? 'sendrecv',
      rtcpMux: true,
      ptime: local.ptimeMs ?? DEFAULT_PTIME_MS,
      security,
      // Whether RTCP gets its own port is up to the answer.
      ice: this.#iceOffered ? iceAttributes(this.#ice.offer(), local, false) : {},
    });
    this.#lines[this.#audioIndex] = audio;
    const media = this.#lines.map((line, index) => (index === this.#audioIndex ? audio : refused(line)));
    return this.#write(local.address, media, this.#iceOffered);
  }

  /** Answers the peer's offer. @throws {SdpError} it is malformed, or has no audio that we support */
  answer(offer: string, local: LocalAudio): { sdp: string; audio: NegotiatedAudio } {
    const session = readSdp(offer);
    const { encryption = NO_ENCRYPTION } = local;
    const line = session.media[this.#audioIndex];
    if (this.#agreed && line && isAudio(line) && !session.media.some(isAudioInUse)) {
      return this.#answerRemoval(session, local, this.#agreed);
    }
    let failure: SdpError | undefined;
    for (const { index, encrypted } of this.#attempts(session, encryption)) {
      try {
        return this.#answerLine(session, index, local, encrypted);
      } catch (error) {
        if (!(error instanceof SdpError)) {
          throw error;
        }
        failure ??= error;
      }
    }
    throw failure ?? new SdpError('there is no audio in the offer', 304);
  }

  /** Reads the peer's answer to our last offer. @throws {SdpError} it is invalid, or refuses the audio */
  readAnswer(answer: string): NegotiatedAudio {
    const local = this.#offered;
    if (!local) {
      throw new SdpError('an answer without an offer');
    }
    const session = readSdp(answer);
    const media = session.media[this.#audioIndex];
    if (!media || !isAudio(media) || media.port === 0) {
      throw new SdpError('the peer refused the audio', 304);
    }
    const agreement = this.#security.readAnswer(session, media, local.encryption ?? NO_ENCRYPTION);
    // We send the answer's first format, and may receive any of them (RFC 3264 §7).
    const formats = usable(knownFormats(media), local);
    const chosen = chooseFormats(formats);
    const { reachable, version: _version, ...remote } = addressIn(session, media);
    const security = this.#security.settle(agreement);
    const rtcpMux = media.rtcpMux !== undefined;
    const ice = this.#iceOffered ? this.#ice.readAnswer(session, media, rtcpMux) : undefined;
    return this.#negotiated(
      chosen,
      { media, remote, receiveFormats: this.#receiveFormats(formats), security, ice },
      answerDirection(
        directionIn(session, media),
        local.direction ?? 'sendrecv',
        reachable || (isHidden(media) && ice !== undefined),
      ),
    );
  }

  /**
   * The audio lines of an offer that can be answered, in the order to try them. If encryption is preferred, an encrypted line is used even if
   * a plain one comes first.
   */
  #attempts(
    session: SdpDescription,
    encryption: LocalEncryption,
  ): Array<{ index: number; encrypted: boolean }> {
    const { use } = encryption;
    const mustEncrypt = this.#security.mustEncrypt(encryption);
    const lines = [...session.media.entries()].filter(([, line]) => isAudioInUse(line));
    const encrypted = lines.filter(
      ([, line]) =>
        mustEncrypt ||
        (use !== 'off' && (this.#security.canEncrypt(session, line) || audioProfile(line) === 'secure')),
    );
    const plain = lines.filter(
      ([, line]) => !mustEncrypt && (use === 'off' || audioProfile(line) !== 'secure'),
    );
    return [
      ...encrypted.map(([index]) => ({ index, encrypted: true })),
      ...plain.map(([index]) => ({ index, encrypted: false })),
    ];
  }

  #answerLine(
    session: SdpDescription,
    index: number,
    local: LocalAudio,
    encrypted: boolean,
  ): { sdp: string; audio: NegotiatedAudio } {
    const media = session.media[index] as SdpMedia;
    const { encryption = NO_ENCRYPTION } = local;
    const profile = audioProfile(media);
    if (profile === undefined || (profile === 'secure' && !encrypted)) {
      throw unsupportedTransport(media.protocol, encryption);
    }
    const { agreement, attributes } = encrypted
      ? this.#security.answer(session, media, encryption)
      : { agreement: {}, attributes: {} };
    const formats = usable(knownFormats(media), local);
    const chosen = chooseFormats(formats);
    const { codec, events, noise } = chosen;
    const { reachable, version, ...remote } = addressIn(session, media);
    if (reachable && version !== undefined && (version === 6) !== isIPv6(local.address)) {
      throw new SdpError('the peer is in another address family', 301);
    }
    const answered = events ? [codec, events] : [codec];
    for (const format of answered) {
      this.#payloadTypes.set(`${format.kind}/${format.clockRate}`, format.payloadType);
    }
    this.#offered = undefined;
    this.#audioIndex = index;
    const security = this.#security.settle(agreement);
    const receiveFormats = this.#receiveFormats(answered);
    const useIce = local.ice === 'accept' || local.ice === 'offer';
    const ice = useIce ? this.#ice.answer(session, media, media.rtcpMux !== undefined) : undefined;
    const isMismatch = ice === 'mismatch';
    const isReachable = reachable || (isHidden(media) && ice !== undefined && !isMismatch);
    const direction = answerDirection(
      directionIn(session, media),
      local.direction ?? 'sendrecv',
      isReachable,
    );
    const audio = this.#negotiated(
      chosen,
      { media, remote, receiveFormats, security, ice: isMismatch ? undefined : ice },
      direction,
    );
    const line = audioLine(
      local,
      [
        { ...codec, fmtp: answerFmtp(codec.kind, codec.fmtp) },
        // A phone signals silence with it (RFC 3389 §4).
        ...(noise ? [noise] : []),
        ...(events ? [{ ...events, fmtp: EVENTS }] : []),
      ],
      {
        protocol: media.protocol,
        direction,
        rtcpMux: audio.rtcpMux,
        ptime: audio.ptimeMs,
        security: attributes,
        ice: isMismatch ? iceMismatch() : audio.ice ? iceAttributes(audio.ice, local, audio.rtcpMux) : {},
      },
    );
    if (media.mid !== undefined) {
      line.mid = media.mid;
    }
    this.#lines = session.media.map((other, at) => (at === index ? line : other));
    const lines = this.#lines.map((other, at) => (at === index ? line : refused(other)));
    const isLite = audio.ice !== undefined && !audio.ice.controlling;
    return { sdp: this.#write(local.address, lines, isLite), audio };
  }

  /** Answers an offer that removes the audio, possibly only for a while (RFC 3264 §8.2). */
  #answerRemoval(
    session: SdpDescription,
    local: LocalAudio,
    agreed: NegotiatedAudio,
  ): { sdp: string; audio: NegotiatedAudio } {
    this.#offered = undefined;
    this.#lines = session.media;
    const sdp = this.#write(local.address, this.#lines.map(refused));
    return { sdp, audio: { ...agreed, direction: 'inactive' } };
  }

  #negotiated(
    { codec, events, noise }: ChosenFormats,
    {
      media,
      remote,
      receiveFormats,
      security,
      ice,
    }: {
      media: MediaDescription;
      remote: RemoteAddress;
      security: Security;
      ice: NegotiatedIce | undefined;
      receiveFormats: ReceiveFormat[];
    },
    direction: Direction,
  ): NegotiatedAudio {
    this.#agreed = {
      codec: codec.kind,
      clockRate: codec.clockRate,
      sendPayloadType: codec.payloadType,
      receiveFormats,
      remoteFmtp: codec.fmtp,
      events: events && {
        sendPayloadType: events.payloadType,
        clockRate: events.clockRate,
      },
      ...(noise && { comfortNoise: { payloadType: noise.payloadType, clockRate: noise.clockRate } }),
      remote,
      rtcpMux: media.rtcpMux !== undefined,
      direction,
      ptimeMs: pickPtime(media, codec.kind),
      ...security,
      ...(ice && { ice }),
    };
    return this.#agreed;
  }

  /**
   * The payload types that packets may arrive with: our numbers, as RFC 3264 §5.1 requires, and also the peer's, unless one of ours is the
   * same. Phones that use one of our numbers for another format send their own numbers. The formats of before may still be on their way
   * (§8.3.2).
   */
  #receiveFormats(formats: readonly Format[]): ReceiveFormat[] {
    const byNumber = new Map<number, ReceiveFormat>();
    const add = ({ kind, clockRate }: Format, payloadType: number) => {
      if (kind !== 'CN' && !byNumber.has(payloadType)) {
        byNumber.set(payloadType, { kind, payloadType, clockRate });
      }
    };
    for (const format of formats) {
      const own = this.#payloadTypes.get(`${format.kind}/${format.clockRate}`);
      if (own !== undefined) {
        add(format, own);
      }
    }
    for (const format of formats) {
      add(format, format.payloadType);
    }
    for (const format of this.#agreed?.receiveFormats ?? []) {
      if (!byNumber.has(format.payloadType)) {
        byNumber.set(format.payloadType, format);
      }
    }
    return [...byNumber.values()];
  }

  #payloadTypeOf(kind: string, clockRate: number, fallback: number): number {
    const key = `${kind}/${clockRate}`;
    const known = this.#payloadTypes.get(key);
    if (known !== undefined) {
      return known;
    }
    const taken = new Set(this.#payloadTypes.values());
    let payloadType = fallback;
    // The peer may use our default number for another format.
    if (taken.has(payloadType)) {
      for (payloadType = 96; taken.has(payloadType); ) {
        payloadType++;
      }
    }
    this.#payloadTypes.set(key, payloadType);
    return payloadType;
  }

  /** Serializes the session. Increments the version if anything has changed (RFC 3264 §8). */
  #write(address: string, media: MediaDescription[], isLite = false): string {
    const ipVer = isIPv6(address) ? 6 : 4;
    const describe = (sessionVersion: number) =>
      write({
        version: 0,
        origin: { username: '-', sessionId: this.#id, sessionVersion, netType: 'IN', ipVer, address },
        name: '-',
        connection: { version: ipVer, ip: address },
        timing: { start: 0, stop: 0 },
        ...(isLite && { icelite: 'ice-lite' as const, iceOptions: 'ice2' }),
        media,
      });
    const body = describe(0);
    if (body !== this.#lastBody) {
      this.#version++;
    }
    this.#lastBody = body;
    return describe(this.#version);
  }
}
