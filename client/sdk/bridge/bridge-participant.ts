import type { EventData, Participant, RequestInput, RequestResult } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import type { Connection } from '../connection.ts';
import { Reconciler } from '../reconciler.ts';

/** The pair of plain transports: where to send to, and where it is received from. RTCP goes over the same ports (RFC 5761). */
export type BridgeMedia = RequestResult<'bridge.open'>;
export type CallState = NonNullable<Participant['callState']>;
export type RtpParameters = RequestInput<'producer.create'>['rtpParameters'];

export interface NewParticipant {
  /** 1 to 64 characters, none of them a control character: clean what a phone says of itself before. */
  displayName: string;
  /** Default `answered`. */
  callState?: CallState;
}

/** What a hosted participant needs of its session. */
export interface ParticipantHost {
  readonly connection: Connection;
  /** The transports; undefined while there are none. */
  media(): BridgeMedia | undefined;
  failed(error: CanopyError): void;
  /** It is out of the room, by remove() or otherwise. */
  gone(participant: BridgeParticipant): void;
  /** The server does not know it any more. */
  vanished(participant: BridgeParticipant): void;
}

/**
 * A phone in a room. What is wanted (its name, call state, whether it is muted or raises a hand, the stream that it sends) is kept here, and
 * brought about again on every new seat and home of the room.
 */
export class BridgeParticipant {
  readonly #host: ParticipantHost;
  readonly #reconciler: Reconciler;
  #displayName: string;
  #callState: CallState;
  #muted = false;
  #handUp = false;
  #rtpParameters: RtpParameters | undefined;
  #removed: RequestInput<'participant.remove'>['reason'];
  /** What the server knows. */
  #participantId: string | undefined;
  #told: Required<NewParticipant> | undefined;
  #toldHandUp = false;
  #producer:
    | { producerId: string; rtpParameters: RtpParameters; media: BridgeMedia; muted: boolean }
    | undefined;

  /** @internal */
  constructor(host: ParticipantHost, { displayName, callState = 'answered' }: NewParticipant) {
    this.#host = host;
    this.#displayName = displayName;
    this.#callState = callState;
    this.#reconciler = new Reconciler({
      pass: () => this.#pass(),
      failed: (error) => host.failed(error),
    });
  }

  /** Its id in the room. It changes where the seat was lost for too long and the room was entered anew. */
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

  /** Whether it asks to speak. */
  get handUp(): boolean {
    return this.#handUp;
  }

  /** Out of the room for good: removed here, or by a moderator. */
  get removed(): boolean {
    return this.#removed !== undefined;
  }

  /** The producer's id on the room's present home; undefined while there is none. */
  get producerId(): string | undefined {
    return this.#producer?.producerId;
  }

  /** Changes what others see. Rejects with BAD_REQUEST when the name is not permitted. */
  async update({ displayName, callState }: Partial<NewParticipant>): Promise<void> {
    this.#displayName = displayName ?? this.#displayName;
    this.#callState = callState ?? this.#callState;
    await this.#reconciler.run();
  }

  /** Others see it as muted, and its packets are not forwarded. */
  async setMuted(muted: boolean): Promise<void> {
    this.#muted = muted;
    await this.#reconciler.run();
  }

  /** Raises its hand, or lowers it; a moderator may lower it too. */
  async setHandUp(up: boolean): Promise<void> {
    this.#handUp = up;
    await this.#reconciler.run();
  }

  /**
   * Announces its one Opus stream, which then goes to the `send` transport of the `media` event. Tell streams apart by SSRC, and give no
   * `mid`. Rejects with MEDIA_REJECTED, CODEC_UNSUPPORTED, LIMIT_REACHED.
   */
  async produce(rtpParameters: RtpParameters): Promise<void> {
    this.#rtpParameters = rtpParameters;
    await this.#reconciler.run();
  }

  async closeProducer(): Promise<void> {
    this.#rtpParameters = undefined;
    await this.#reconciler.run();
  }

  /** Takes it out of the room. Idempotent. */
  async remove(reason: NonNullable<RequestInput<'participant.remove'>['reason']> = 'left'): Promise<void> {
    if (this.#removed) {
      return;
    }
    this.#removed = reason;
    this.#host.gone(this);
    this.#reconciler.stop();
    await this.#reconciler.run();
  }

  /** @internal Brings the server to what is wanted; a failure is told by the session. */
  sync(): void {
    this.#reconciler.poke();
  }

  /** @internal The first time. */
  async enter(): Promise<void> {
    await this.#reconciler.run();
  }

  /** @internal A moderator acted. */
  act(action: EventData<'participant.action'>['action']): void {
    if (action === 'kick') {
      this.lost('kicked');
      return;
    }
    this.#muted = action === 'mute';
    this.sync();
  }

  /** @internal A moderator lowered its hand. */
  handLowered(): void {
    if (!this.#toldHandUp) {
      return;
    }
    this.#handUp = false;
    this.#toldHandUp = false;
  }

  /** @internal The server has taken it out. */
  lost(reason: 'kicked' | 'lost'): void {
    this.unseat();
    if (this.#removed) {
      return;
    }
    this.#removed = reason;
    this.#reconciler.stop();
    this.#host.gone(this);
  }

  /** @internal The seat is another one: nothing of it is known there. */
  unseat(): void {
    this.#participantId = undefined;
    this.#told = undefined;
    this.#toldHandUp = false;
    this.#producer = undefined;
  }

  /** @internal Forgets a producer that the server no longer has. */
  keepProducerOf(producerIds: string[]): void {
    if (this.#producer && !producerIds.includes(this.#producer.producerId)) {
      this.#producer = undefined;
    }
  }

  async #pass(): Promise<void> {
    if (this.#removed) {
      await this.#leave();
      return;
    }
    const seated = this.#participantId;
    try {
      await this.#enter();
      await this.#showHand();
      await this.#send();
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
    const told = { displayName: this.#displayName, callState: this.#callState };
    if (this.#participantId === undefined) {
      const { participantId } = await connection.request('participant.add', { kind: 'phone', ...told });
      this.#participantId = participantId;
      this.#told = told;
      return;
    }
    if (this.#told?.displayName !== told.displayName || this.#told.callState !== told.callState) {
      await connection.request('participant.update', { participantId: this.#participantId, ...told });
      this.#told = told;
    }
  }

  async #showHand(): Promise<void> {
    const participantId = this.#participantId;
    const up = this.#handUp;
    if (participantId === undefined || up === this.#toldHandUp) {
      return;
    }
    await this.#host.connection.request(up ? 'hand.raise' : 'hand.lower', { participantId });
    if (participantId === this.#participantId) {
      this.#toldHandUp = up;
    }
  }

  async #send(): Promise<void> {
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
      const { producerId } = producer;
      await connection.request(muted ? 'producer.pause' : 'producer.resume', { producerId });
      producer.muted = muted;
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
      // Another home has other transports; there it is made again.
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
      // Gone with its seat, or by a moderator.
      if (code !== 'PARTICIPANT_UNKNOWN' && code !== 'ROOM_NOT_JOINED') {
        throw error;
      }
    }
  }
}
