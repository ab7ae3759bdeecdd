import { isIPv6 } from 'node:net';
import { isUnspecified } from '../../base/index.ts';
import type { IceUse } from '../../contract/index.ts';
import type { CodecName } from '../codecs/index.ts';
import type { DtmfKey, LegStats, MediaPool, PortRange, Prompt, SavedLeg } from '../media/index.ts';
import {
  type Direction,
  type LocalEncryption,
  type NegotiatedAudio,
  SdpError,
  SdpSession,
  SecuritySession,
} from '../sip/index.ts';
import { CallContexts } from './call-contexts.ts';
import { legMedia } from './leg-media.ts';
import type { SavedMedia } from './saved-media.ts';
import { skipAhead } from './skip-ahead.ts';

/** After an overflow of the sequence number, this many packets later the rollover counter is certain. */
const UNCERTAIN_PACKETS = 200;

export interface CallMediaOptions {
  pool: MediaPool;
  legId: string;
  /** The room that the call leads to, if known. */
  roomId?: string;
  /** Our address that the phone sends to. */
  address: string;
  ports: PortRange;
  /** Codecs of our offers, best first, as far as they are available. An answer uses the first codec of the caller's list that is among them. */
  codecs(): readonly CodecName[];
  /** Whether we support telephone-events. Default: always. */
  events?(): boolean;
  /** Our wish for encryption, for each offer and answer. */
  encryption(): LocalEncryption;
  /** The setting for ICE. */
  ice(): IceUse;
}

/** The media of one call: SDP offer and answer, and the leg in a media thread. Owns the leg. */
export class CallMedia {
  readonly legId: string;
  readonly #pool: MediaPool;
  #session = new SdpSession();
  readonly #address: string;
  readonly #port: number;
  readonly #codecs: () => readonly CodecName[];
  readonly #events: () => boolean;
  readonly #encryption: () => LocalEncryption;
  readonly #ice: () => IceUse;
  readonly #contexts: CallContexts;
  #audio: NegotiatedAudio | undefined;
  #held = false;
  /** The phone has listened to us, or was asked to from the beginning. If it stops listening, it is on hold. */
  #listens = false;
  #agreedMs = 0;
  /** Where the phone's media came from in an earlier process, until start(). */
  #source: SavedLeg['source'];
  #closed: Promise<LegStats | null> | undefined;

  private constructor(
    { pool, legId, address, codecs, events, encryption, ice }: CallMediaOptions,
    port: number,
  ) {
    this.#pool = pool;
    this.#codecs = () => codecs().filter((name) => pool.capabilities.codecs.includes(name));
    this.#events = events ?? (() => true);
    this.#encryption = encryption;
    this.#ice = ice;
    this.#contexts = new CallContexts(pool);
    this.legId = legId;
    this.#address = address;
    this.#port = port;
  }

  /** Binds the leg's ports. @throws {RangeError} no port is left */
  static async open(options: CallMediaOptions): Promise<CallMedia> {
    const { pool, legId, roomId, address, ports } = options;
    const ip = isIPv6(address) ? '::' : '0.0.0.0';
    const { port } = await pool.openLeg({ legId, roomId, ip, ports });
    return new CallMedia(options, port);
  }

  /**
   * Continues the media of an earlier process, with its keys and streams, `elapsedMs` after they were saved. `moved`: its port is gone, so
   * that the phone must be told the new one. start() follows.
   * @throws {RangeError} it was saved too long ago, or no port is left
   */
  static async restore(
    options: CallMediaOptions,
    saved: SavedMedia,
    elapsedMs: number,
  ): Promise<{ media: CallMedia; moved: boolean }> {
    const ahead = skipAhead(saved, elapsedMs);
    if (!ahead) {
      throw new RangeError('the call was interrupted for too long');
    }
    const { pool, legId, roomId, address, ports } = options;
    const { leg, port: before, audio, srtp } = ahead;
    const ip = isIPv6(address) ? '::' : '0.0.0.0';
    const open = (range: PortRange) => pool.openLeg({ legId, roomId, ip, ports: range, stream: leg.stream });
    const { port } = await open({ min: before, max: before + 1 }).catch(() => open(ports));
    const media = new CallMedia(options, port);
    media.#session = SdpSession.restore(saved.sdp);
    media.#audio = audio;
    media.#held = saved.held;
    media.#listens = saved.listens;
    media.#source = leg.source;
    media.#agreedMs = performance.now();
    if (srtp) {
      media.#contexts.restore(audio, srtp);
    }
    return { media, moved: port !== before };
  }

  /** What a later process needs to continue; undefined if it cannot, or if the counters are not certain at this moment. */
  save(): SavedMedia | undefined {
    const sdp = this.#session.save();
    const leg = this.#pool.saveLeg(this.legId);
    const audio = this.#audio;
    const srtp = this.#contexts.save();
    const isSecure = this.encryption !== null && this.encryption !== 'none';
    // Before the handshake (DTLS) there are no keys.
    if (!leg || !audio || this.#closed || isSecure !== Boolean(srtp?.[0])) {
      return undefined;
    }
    // Around its overflow, it is not certain to which packet the rollover counter belongs.
    if (srtp && leg.stream.sequenceNumber < UNCERTAIN_PACKETS) {
      return undefined;
    }
    const { source } = leg;
    return {
      address: this.#address,
      port: this.#port,
      sdp,
      audio,
      held: this.#held,
      listens: this.#listens,
      leg: { stream: leg.stream, source: source ?? this.#source },
      ...(srtp && { srtp }),
    };
  }

  /** The negotiated codec; null before that. */
  get codec(): CodecName | null {
    return this.#audio?.codec ?? null;
  }

  /** How the audio between the phone and us is encrypted: keys in the SDP (RFC 4568) or by DTLS (RFC 5763), or not at all. Null before the negotiation. */
  get encryption(): 'sdes' | 'dtls' | 'none' | null {
    if (!this.#audio) {
      return null;
    }
    return this.#audio.dtls ? 'dtls' : this.#audio.crypto ? 'sdes' : 'none';
  }

  /**
   * Whether the phone has put us on hold: no audio flows either way. A phone whose own call is send-only from the beginning (paging,
   * announcements) is not on hold, so it is heard.
   */
  get held(): boolean {
    return this.#held;
  }

  /** Whether the phone may stay silent indefinitely: it is on hold, only listens, or only sends. */
  get mayBeSilent(): boolean {
    return this.#audio?.direction !== 'sendrecv';
  }

  /**
   * Time in milliseconds since the phone last sent anything, or since the last offer and answer if that is shorter. Null if the phone may
   * be silent.
   */
  silentMs({ silentMs }: Pick<LegStats, 'silentMs'>): number | null {
    if (this.mayBeSilent) {
      return null;
    }
    return Math.min(silentMs ?? Number.POSITIVE_INFINITY, performance.now() - this.#agreedMs);
  }

  /**
   * Answers the phone's offer; start() applies it. `encryptedOffer`: an alternative with encrypted audio, which is used if it can be.
   *
   * @throws {SdpError} no audio, or no encryption, can be agreed on
   */
  answer(offer: string, encryptedOffer?: string): string {
    if (encryptedOffer !== undefined && this.#encryption().use !== 'off') {
      try {
        return this.#answer(encryptedOffer);
      } catch (error) {
        if (!(error instanceof SdpError)) {
          throw error;
        }
      }
    }
    return this.#answer(offer);
  }

  #answer(offer: string): string {
    const { sdp, audio } = this.#session.answer(offer, this.#local());
    this.#agree(audio);
    return sdp;
  }

  /**
   * Makes our offer; readAnswer() takes the reply. `isRetry`: the first one was refused, and is made in another way.
   *
   * @throws {SdpError} encryption is required but not possible
   */
  offer({
    direction = 'sendrecv',
    isRetry = false,
  }: {
    direction?: Direction;
    isRetry?: boolean;
  } = {}): string {
    return this.#session.offer({ ...this.#local(), direction }, isRetry);
  }

  /** Whether a refused first offer can be made in another way: encrypted or not, or with other keys. */
  get canRetry(): boolean {
    return SecuritySession.canRetry(this.#encryption());
  }

  /** Reads the phone's answer; start() applies it. @throws {SdpError} the phone refused the audio, or its answer is invalid */
  readAnswer(sdp: string): void {
    const audio = this.#session.readAnswer(sdp);
    // Our offer asks a phone that we call to listen.
    if (!this.#audio) {
      this.#listens = true;
    }
    this.#agree(audio);
  }

  /** Applies the last offer and answer. `signallingAddress`: where the phone's SIP comes from. */
  async start(signallingAddress: string): Promise<void> {
    if (!this.#audio || this.#closed) {
      return;
    }
    const { settled, ...keys } = this.#contexts.open(this.#audio);
    const media = { ...legMedia(this.#audio, this.#held, signallingAddress), ...keys };
    const source = this.#source;
    await this.#pool.request('leg.start', { legId: this.legId, media, ...(source && { source }) });
    this.#source = undefined;
    settled();
  }

  async play(prompt: Prompt): Promise<void> {
    await this.#pool.request('leg.play', { legId: this.legId, prompt });
  }

  async stopPrompts(): Promise<void> {
    await this.#pool.request('leg.stop', { legId: this.legId });
  }

  /** Mutes or unmutes the phone in the room. */
  async mute(toRoom: boolean): Promise<void> {
    await this.#pool.request('leg.mute', { legId: this.legId, toRoom });
  }

  /** Whether the phone hears nothing of the room. */
  async deafen(toPhone: boolean): Promise<void> {
    await this.#pool.request('leg.mute', { legId: this.legId, toPhone });
  }

  /** Whether the phone waits for somebody, and hears hold music. */
  async wait(on: boolean): Promise<void> {
    await this.#pool.request('leg.wait', { legId: this.legId, on });
  }

  /** Records what the phone says, for at most this time; 0 ends a recording. The leg's event `recorded` follows. */
  async record(maxMs: number): Promise<void> {
    await this.#pool.request('leg.record', { legId: this.legId, maxMs });
  }

  async press(keys: DtmfKey[]): Promise<void> {
    await this.#pool.request('leg.press', { legId: this.legId, keys });
  }

  stats(): Promise<LegStats | null> {
    return this.#pool.request('leg.stats', { legId: this.legId });
  }

  /** Releases the leg and resolves with its last statistics. Idempotent; never rejects. */
  close(): Promise<LegStats | null> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<LegStats | null> {
    try {
      return await this.#pool.closeLeg(this.legId);
    } catch {
      return null;
    } finally {
      this.#contexts.close();
    }
  }

  #local() {
    return {
      address: this.#address,
      port: this.#port,
      codecs: this.#codecs(),
      events: this.#events(),
      encryption: this.#encryption(),
      ice: this.#ice(),
    };
  }

  #agree(audio: NegotiatedAudio): void {
    this.#agreedMs = performance.now();
    // A phone that holds with 0.0.0.0 (RFC 3264 §8.4) keeps its address.
    const nowhere = isUnspecified(audio.remote.address);
    const { direction } = audio;
    if (direction === 'sendrecv' || direction === 'sendonly') {
      this.#listens = true;
    }
    // A phone that we may not send to is on hold, whether it plays music meanwhile (sendonly) or not (inactive).
    this.#held = direction === 'inactive' || (direction === 'recvonly' && (this.#listens || nowhere));
    this.#audio = nowhere && this.#audio ? { ...audio, remote: this.#audio.remote } : audio;
  }
}
