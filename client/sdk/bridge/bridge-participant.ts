import type {
  EventData,
  Participant,
  ParticipantAttributes,
  RequestInput,
  RequestResult,
} from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import type { Connection } from '../connection.ts';
import { type AfterFailure, afterFailure, Reconciler } from '../reconciler.ts';
import type { Restraint } from '../restraints.ts';
import { PhoneModeration } from './phone-moderation.ts';

/** The pair of plain transports: where to send RTP and where it comes from. RTCP uses the same ports (RFC 5761). */
export type BridgeMedia = RequestResult<'bridge.open'>;
export type CallState = NonNullable<Participant['callState']>;
export type RtpParameters = RequestInput<'producer.create'>['rtpParameters'];

export interface NewParticipant {
  /** 1 to 64 characters without control characters. Names received from phones must be cleaned up first. */
  displayName: string;
  /** Default `answered`. */
  callState?: CallState;
  /** Whether the audio between the phone and the bridge is encrypted. Default: unknown. */
  callEncrypted?: boolean;
  /** The certificates that the phone has presented, base64 DER, leaf first; null: none. Only the server's gateway may say so. Default: unknown. */
  deviceChain?: string[] | null;
  /** What is known about the caller, for applications. */
  attributes?: ParticipantAttributes | undefined;
  /** Whether the caller was asked for a PIN of the room and knew it. Default false. */
  pinGiven?: boolean;
  /** Whether that was the PIN of moderators. Default false. */
  isModerator?: boolean;
  /** The participant that the phone was in another room of the meeting, which asked it to move. */
  movedFrom?: string | undefined;
}

/** What a hosted participant needs from its session. */
export interface ParticipantHost {
  readonly connection: Connection;
  readonly roomId: string;
  /** The transports; undefined while there are none. */
  media(): BridgeMedia | undefined;
  failed(error: CanopyError): void;
  /** What moderators did to a participant. */
  restraint(participantId: string): Restraint;
  /** The participant has left the room, by remove() or otherwise. */
  gone(participant: BridgeParticipant): void;
  /** The server no longer knows the participant. */
  vanished(participant: BridgeParticipant): void;
}

/**
 * A phone in a room. This object keeps the wanted state (name, call state and encryption, muted, raised hand, the stream that it sends),
 * and re-applies it at every new seat and home of the room.
 */
export class BridgeParticipant {
  readonly #host: ParticipantHost;
  readonly #reconciler: Reconciler;
  /** Makes it act as a moderator, if it is one. */
  readonly moderation: PhoneModeration;
  readonly #admission: {
    pinGiven: boolean;
    isModerator: boolean;
    movedFrom?: string;
    attributes?: ParticipantAttributes;
  };
  #displayName: string;
  #callState: CallState;
  #callEncrypted: boolean | undefined;
  #deviceChain: string[] | null | undefined;
  #muted = false;
  #denied = false;
  #handUp = false;
  #rtpParameters: RtpParameters | undefined;
  #removed: RequestInput<'participant.remove'>['reason'];
  /** Whether it has ever been in the room. */
  #admitted = false;
  /** State at the server. */
  #participantId: string | undefined;
  #sent:
    | { displayName: string; callState: CallState; callEncrypted?: boolean; deviceChain?: string[] | null }
    | undefined;
  #sentHandUp = false;
  #producer:
    | { producerId: string; rtpParameters: RtpParameters; media: BridgeMedia; muted: boolean }
    | undefined;

  /** @internal */
  constructor(
    host: ParticipantHost,
    {
      displayName,
      callState = 'answered',
      callEncrypted,
      deviceChain,
      pinGiven = false,
      isModerator = false,
      movedFrom,
      attributes,
    }: NewParticipant,
  ) {
    this.#host = host;
    this.#displayName = displayName;
    this.#callState = callState;
    this.#callEncrypted = callEncrypted;
    this.#deviceChain = deviceChain;
    this.moderation = new PhoneModeration(host, () => this.#participantId);
    this.#admission = {
      pinGiven,
      isModerator,
      ...(movedFrom !== undefined && { movedFrom }),
      ...(attributes && { attributes }),
    };
    this.#reconciler = new Reconciler({
      pass: () => this.#pass(),
      onFailure: (error) => this.#afterFailure(error),
      failed: (error) => host.failed(error),
    });
  }

  /** Its id in the room. It changes if the seat expired while the connection was lost. */
  get participantId(): string | undefined {
    return this.#participantId;
  }

  get displayName(): string {
    return this.#displayName;
  }

  get callState(): CallState {
    return this.#callState;
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** Whether a moderator keeps it from unmuting. */
  get denied(): boolean {
    return this.#denied;
  }

  /** Whether its caller gave the PIN of moderators. */
  get isModerator(): boolean {
    return this.#admission.isModerator;
  }

  /** Whether its hand is raised. */
  get handUp(): boolean {
    return this.#handUp;
  }

  /** Whether it has left the room for good: by remove(), or removed by a moderator. */
  get removed(): boolean {
    return this.#removed !== undefined;
  }

  /** The producer's id at the room's current home; undefined while there is none. */
  get producerId(): string | undefined {
    return this.#producer?.producerId;
  }

  /** Changes what others see. @throws {CanopyError} BAD_REQUEST - the name is not allowed */
  async update({
    displayName,
    callState,
    callEncrypted,
    deviceChain = this.#deviceChain,
  }: Omit<Partial<NewParticipant>, 'pinGiven' | 'isModerator' | 'movedFrom'>): Promise<void> {
    this.#displayName = displayName ?? this.#displayName;
    this.#callState = callState ?? this.#callState;
    this.#callEncrypted = callEncrypted ?? this.#callEncrypted;
    this.#deviceChain = deviceChain;
    await this.#reconciler.run();
  }

  /**
   * Mutes or unmutes it. While it is muted its packets are not forwarded.
   *
   * @throws {CanopyError} STOPPED_BY_MODERATOR - a moderator keeps it from unmuting; it stays muted
   */
  async setMuted(muted: boolean): Promise<void> {
    if (!muted && this.#denied) {
      throw new CanopyError('STOPPED_BY_MODERATOR');
    }
    this.#muted = muted;
    await this.#reconciler.run();
    if (!muted && this.#denied) {
      throw new CanopyError('STOPPED_BY_MODERATOR');
    }
  }

  /** Raises or lowers its hand. A moderator may lower it too. */
  async setHandUp(up: boolean): Promise<void> {
    this.#handUp = up;
    await this.#reconciler.run();
  }

  /**
   * Announces its one stream: Opus, or one of the session's `playable` codecs. It replaces the one before. Send it to the `send` transport of the `media` event. Streams are distinguished by SSRC: leave out
   * `mid`.
   *
   * @throws {CanopyError} MEDIA_REJECTED, CODEC_UNSUPPORTED, LIMIT_REACHED
   */
  async produce(rtpParameters: RtpParameters): Promise<void> {
    this.#rtpParameters = rtpParameters;
    await this.#reconciler.run();
  }

  async closeProducer(): Promise<void> {
    this.#rtpParameters = undefined;
    await this.#reconciler.run();
  }

  /** Removes it from the room. Idempotent. */
  async remove(reason: NonNullable<RequestInput<'participant.remove'>['reason']> = 'left'): Promise<void> {
    if (this.#removed) {
      return;
    }
    this.#removed = reason;
    this.#host.gone(this);
    this.#reconciler.stop();
    await this.#reconciler.run();
  }

  /** @internal Applies the wanted state at the server. The session emits failures. */
  sync(): void {
    this.#reconciler.poke();
  }

  /** @internal Enters the room for the first time. @throws {CanopyError} ROOM_FULL or another refusal */
  async enter(): Promise<void> {
    await this.#reconciler.run();
  }

  /** @internal Applies a moderator's action. */
  act(action: EventData<'participant.action'>['action']): void {
    if (action === 'kick') {
      this.lost('kicked');
      return;
    }
    if (action === 'mute' || action === 'unmute') {
      this.#muted = action === 'mute';
      this.sync();
    }
  }

  /** @internal A moderator keeps it from unmuting, or no longer does. */
  restrain({ denied }: Restraint): void {
    this.#denied = denied.includes('microphone');
  }

  /** @internal A moderator lowered its hand. */
  handLowered(): void {
    if (!this.#sentHandUp) {
      return;
    }
    this.#handUp = false;
    this.#sentHandUp = false;
  }

  /** @internal The server has removed it. */
  lost(reason: 'kicked' | 'lost'): void {
    this.unseat();
    if (this.#removed) {
      return;
    }
    this.#removed = reason;
    this.#reconciler.stop();
    this.#host.gone(this);
  }

  /** @internal Forgets all state at the server, since the seat is new or gone. */
  unseat(): void {
    this.#participantId = undefined;
    this.#sent = undefined;
    this.#sentHandUp = false;
    this.#producer = undefined;
  }

  /** @internal Forgets a producer that the server no longer has. */
  keepProducerOf(producerIds: string[]): void {
    if (this.#producer && !producerIds.includes(this.#producer.producerId)) {
      this.#producer = undefined;
    }
  }

  /** A new caller learns that the room is full instead of ringing on. A phone that has already been in the room waits for a place. */
  #afterFailure(error: CanopyError): AfterFailure {
    return error.code === 'ROOM_FULL' && !this.#admitted ? 'fail' : afterFailure(error);
  }

  async #pass(): Promise<void> {
    if (this.#removed) {
      await this.#leave();
      return;
    }
    const seated = this.#participantId;
    try {
      await this.#enter();
      await this.#syncHand();
      await this.#syncProducer();
    } catch (error) {
      if (!(error instanceof CanopyError) || error.code !== 'PARTICIPANT_UNKNOWN') {
        throw error;
      }
      if (!this.#removed && seated !== undefined && seated === this.#participantId) {
        this.#host.vanished(this);
      }
    }
  }

  async #enter(): Promise<void> {
    const { connection } = this.#host;
    const callEncrypted = this.#callEncrypted;
    const deviceChain = this.#deviceChain;
    const wanted = {
      displayName: this.#displayName,
      callState: this.#callState,
      ...(callEncrypted !== undefined && { callEncrypted }),
      ...(deviceChain !== undefined && { deviceChain }),
    };
    if (this.#participantId === undefined) {
      const { participantId } = await connection.request('participant.add', {
        kind: 'phone',
        ...wanted,
        ...this.#admission,
      });
      this.#participantId = participantId;
      this.#admitted = true;
      this.#sent = wanted;
      // The room may mute newcomers.
      const restraint = this.#host.restraint(participantId);
      this.restrain(restraint);
      this.#muted ||= restraint.muted || this.#denied;
      return;
    }
    if (
      this.#sent?.displayName !== wanted.displayName ||
      this.#sent.callState !== wanted.callState ||
      this.#sent.callEncrypted !== callEncrypted ||
      this.#sent.deviceChain !== deviceChain
    ) {
      await connection.request('participant.update', { participantId: this.#participantId, ...wanted });
      this.#sent = wanted;
    }
  }

  async #syncHand(): Promise<void> {
    const participantId = this.#participantId;
    const up = this.#handUp;
    if (participantId === undefined || up === this.#sentHandUp) {
      return;
    }
    await this.#host.connection.request(up ? 'hand.raise' : 'hand.lower', { participantId });
    if (participantId === this.#participantId) {
      this.#sentHandUp = up;
    }
  }

  async #syncProducer(): Promise<void> {
    const { connection } = this.#host;
    const media = this.#host.media();
    if (!media) {
      return;
    }
    const rtpParameters = this.#rtpParameters;
    if (this.#producer && this.#producer.media !== media) {
      this.#producer = undefined;
    }
    if (this.#producer && this.#producer.rtpParameters !== rtpParameters) {
      const { producerId } = this.#producer;
      this.#producer = undefined;
      await connection.request('producer.close', { producerId });
    }
    if (rtpParameters && !this.#producer) {
      await this.#produce(media, rtpParameters);
    }
    const producer = this.#producer;
    const muted = this.#muted;
    if (producer && producer.muted !== muted) {
      await this.#sendMuted(producer, muted);
    }
  }

  async #sendMuted(producer: { producerId: string; muted: boolean }, muted: boolean): Promise<void> {
    const { producerId } = producer;
    try {
      await this.#host.connection.request(muted ? 'producer.pause' : 'producer.resume', { producerId });
      producer.muted = muted;
    } catch (error) {
      if (CanopyError.from(error).code !== 'STOPPED_BY_MODERATOR') {
        throw error;
      }
      // Its `participant.restrained` is still on its way.
      this.#muted = true;
      this.#denied = true;
    }
  }

  async #produce(media: BridgeMedia, rtpParameters: RtpParameters): Promise<void> {
    const participantId = this.#participantId;
    if (participantId === undefined) {
      return;
    }
    const muted = this.#muted;
    try {
      const { producerId } = await this.#host.connection.request('producer.create', {
        transportId: media.send.transportId,
        kind: 'audio',
        source: 'microphone',
        rtpParameters,
        paused: muted,
        participantId,
      });
      if (media === this.#host.media() && participantId === this.#participantId) {
        this.#producer = { producerId, rtpParameters, media, muted };
      }
    } catch (error) {
      // A new home has new transports, where it is produced again.
      if (media !== this.#host.media()) {
        return;
      }
      if (CanopyError.from(error).retryable) {
        throw error;
      }
      if (this.#rtpParameters === rtpParameters) {
        this.#rtpParameters = undefined;
      }
      throw error;
    }
  }

  async #leave(): Promise<void> {
    const participantId = this.#participantId;
    if (participantId === undefined) {
      return;
    }
    this.unseat();
    try {
      await this.#host.connection.request('participant.remove', {
        participantId,
        ...(this.#removed && { reason: this.#removed }),
      });
    } catch (error) {
      const { code } = CanopyError.from(error);
      // Already gone: its seat expired, or a moderator removed it.
      if (code !== 'PARTICIPANT_UNKNOWN' && code !== 'ROOM_NOT_JOINED') {
        throw error;
      }
    }
  }
}
