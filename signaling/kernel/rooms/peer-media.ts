import { CanopyError, type ErrorCode } from '../../../base/index.ts';
import type { MediaSource, ProducerInfo } from '../../../contract/index.ts';
import type { Layers, PlainTransportInfo, ProduceOptions, Sfu, TransportInfo } from '../../../sfu/index.ts';
import type { Authority, SignedDtls } from '../../identity/index.ts';
import { factorOf } from '../budgets/index.ts';
import { demand } from '../policy/index.ts';
import { MediaPaths } from './media-paths.ts';
import type { Peer } from './peer.ts';
import type { RoomRecord } from './room-records.ts';

export interface PeerMediaOptions {
  sfu: Sfu;
  /** Signs the workers' DTLS fingerprints. */
  authority: Pick<Authority, 'signDtls'>;
  /** Limits for a person; a bridge may have more producers. */
  limits: { producersPerPeer: number; consumersPerPeer: number };
}

type Sent = Pick<ProduceOptions, 'transportId' | 'kind' | 'rtpParameters' | 'paused'> & {
  source: NonNullable<ProduceOptions['source']>;
  /** Default: the peer's own participant. */
  participantId?: string | undefined;
};

/** What a peer's media needs to know about its room. */
export interface MediaRoom {
  readonly record: RoomRecord;
  /** A producer in the room; undefined once it has closed. */
  producer(producerId: string): ProducerInfo | undefined;
  /** Whether a feature keeps the participant from sending this at the moment. */
  isStopped(participantId: string, source: MediaSource): boolean;
}

/** What tells a client to stop sending a source. */
const STOPS = {
  microphone: 'mute',
  camera: 'stop-camera',
  screen: 'stop-screen',
  'screen-audio': 'stop-screen',
} as const;

/**
 * What a peer sends and receives in its room, independent of its socket. It checks the right to send; the caller must act for the peer. The
 * peer's transports, producers and consumers are kept only in the media plane. Ends when the peer leaves, or when the room's media is lost
 * or reset; from then on every call is refused. Owned by Room.
 *
 * @throws {CanopyError} TRANSPORT_UNKNOWN, PRODUCER_UNKNOWN, CONSUMER_UNKNOWN - the peer has none with this id
 * @throws {CanopyError} ROOM_NOT_JOINED, ROOM_REHOMING - it has ended
 */
export class PeerMedia {
  /** Whether media gets through on the transports. */
  readonly paths = new MediaPaths();
  readonly #options: PeerMediaOptions;
  readonly #room: MediaRoom;
  readonly #peer: Peer;
  #endedBy: 'ROOM_NOT_JOINED' | 'ROOM_REHOMING' | undefined;

  constructor(options: PeerMediaOptions, room: MediaRoom, peer: Peer) {
    this.#options = options;
    this.#room = room;
    this.#peer = peer;
  }

  get ended(): boolean {
    return this.#endedBy !== undefined;
  }

  /** @param code the error of calls from now on, and of those in progress */
  end(code: 'ROOM_NOT_JOINED' | 'ROOM_REHOMING'): void {
    this.#endedBy ??= code;
    this.paths.clear();
  }

  /** Creates the transport for one direction, and signs its fingerprint. @throws {CanopyError} TRANSPORT_EXISTS, MEDIA_REJECTED */
  async createTransport(
    options: Parameters<Sfu['createTransport']>[2],
  ): Promise<TransportInfo & { binding: SignedDtls }> {
    this.#assertLive();
    const { sfu, authority } = this.#options;
    const info = await sfu.createTransport(...this.#at, options);
    const { transportId, workerId, iceCandidates } = info;
    try {
      const fingerprint = info.dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
      const binding = await authority.signDtls(workerId, fingerprint?.value ?? '');
      this.#assertLive();
      this.#peer.hadTransport = true;
      this.paths.add({ transportId, direction: options.direction, iceCandidates });
      return { ...info, binding };
    } catch (error) {
      sfu.closeTransport(...this.#at, transportId);
      throw error;
    }
  }

  /** Creates both plain transports of a bridge. @throws {CanopyError} TRANSPORT_EXISTS, BRIDGE_NOT_LOCAL, MEDIA_REJECTED */
  async createPlainTransports(
    options: Parameters<Sfu['createPlainTransports']>[2],
  ): Promise<{ send: PlainTransportInfo; recv: PlainTransportInfo }> {
    this.#assertLive();
    const created = await this.#options.sfu.createPlainTransports(...this.#at, options);
    this.#assertLive();
    this.#peer.hadTransport = true;
    return created;
  }

  requireTransport(transportId: string): void {
    if (this.ended || !this.#options.sfu.owns(...this.#at, 'transport', transportId)) {
      throw new CanopyError('TRANSPORT_UNKNOWN');
    }
  }

  /** Connects a transport. The caller has verified that the device signed the fingerprint. @throws {CanopyError} TRANSPORT_CONNECTED, FINGERPRINT_INVALID */
  async connectTransport(
    transportId: string,
    dtlsParameters: Parameters<Sfu['connectTransport']>[3],
  ): Promise<void> {
    this.requireTransport(transportId);
    this.paths.connecting(transportId);
    await this.#options.sfu.connectTransport(...this.#at, transportId, dtlsParameters);
  }

  async restartIce(transportId: string): Promise<TransportInfo['iceParameters']> {
    this.requireTransport(transportId);
    return this.#options.sfu.restartIce(...this.#at, transportId);
  }

  /** Closes a transport with its producers and consumers. */
  closeTransport(transportId: string): void {
    this.requireTransport(transportId);
    this.#options.sfu.closeTransport(...this.#at, transportId);
  }

  /**
   * Creates a producer for one of the peer's participants.
   *
   * @throws {CanopyError} FORBIDDEN - the peer does not host the participant, or it may not send
   * @throws {CanopyError} LIMIT_REACHED - too many producers, or a second audio producer of the participant for this source
   * @throws {CanopyError} MEDIA_REJECTED, CODEC_UNSUPPORTED
   * @throws {CanopyError} PARTICIPANT_UNKNOWN - it left meanwhile
   */
  async produce({ participantId: hosted, ...options }: Sent): Promise<{ producerId: string }> {
    const { principal, accountId, participants } = this.#peer;
    const participantId = hosted ?? this.#peer.participantId;
    if (participantId === undefined || !participants.has(participantId)) {
      throw new CanopyError('FORBIDDEN', 'participantId: you do not host this participant');
    }
    this.#demandSending(participantId);
    this.#assertLive('TRANSPORT_UNKNOWN');
    const { sfu, limits } = this.#options;
    const { source } = options;
    const isStopped = () => this.#room.isStopped(participantId, source);
    // Paused rather than refused, so that the participant can be allowed to start it later.
    const paused = options.paused || isStopped();
    const created = await sfu.produce(...this.#at, {
      ...options,
      paused,
      participantId,
      // A person with several devices counts as one speaker, as does each phone of a bridge.
      speakerId: principal.kind === 'bridge' ? participantId : accountId,
      maxProducers: limits.producersPerPeer * factorOf(principal),
    });
    this.#assertLive();
    await this.#demandStill(participantId, () => sfu.closeProducer(...this.#at, created.producerId));
    if (!options.paused && isStopped()) {
      this.#peer.send('participant.action', { participantId, action: STOPS[source], by: null });
      if (!paused) {
        await this.pauseProducer(created.producerId);
      }
    }
    return created;
  }

  async pauseProducer(producerId: string): Promise<void> {
    this.#assertLive('PRODUCER_UNKNOWN');
    await this.#options.sfu.pauseProducer(...this.#at, producerId);
  }

  /** @throws {CanopyError} FORBIDDEN - its participant may not send; STOPPED_BY_MODERATOR */
  async resumeProducer(producerId: string): Promise<void> {
    this.#assertLive('PRODUCER_UNKNOWN');
    const producer = this.#room.producer(producerId);
    if (!producer) {
      throw new CanopyError('PRODUCER_UNKNOWN');
    }
    const { participantId, source } = producer;
    this.#demandSending(participantId, source);
    await this.#options.sfu.resumeProducer(...this.#at, producerId);
    await this.#demandStill(participantId, () => this.pauseProducer(producerId), source);
  }

  closeProducer(producerId: string): void {
    if (this.ended || !this.#options.sfu.closeProducer(...this.#at, producerId)) {
      throw new CanopyError('PRODUCER_UNKNOWN');
    }
  }

  /** Subscribes to producers; each may fail separately. @throws {CanopyError} LIMIT_REACHED - too many consumers */
  async consume(options: {
    transportId: string;
    producerIds: string[];
    /** The MID of their packets, for a client that has offered it. Default: a new one for each. */
    mid?: string;
  }): Promise<Awaited<ReturnType<Sfu['consumeEach']>>> {
    this.#assertLive();
    const { sfu, limits } = this.#options;
    const result = await sfu.consumeEach(...this.#at, { ...options, maxConsumers: limits.consumersPerPeer });
    this.#assertLive();
    return result;
  }

  async resumeConsumers(consumerIds: string[]): Promise<void> {
    await this.#forEach(consumerIds, (id) => this.#options.sfu.resumeConsumer(...this.#at, id));
  }

  async pauseConsumers(consumerIds: string[]): Promise<void> {
    await this.#forEach(consumerIds, (id) => this.#options.sfu.pauseConsumer(...this.#at, id));
  }

  async closeConsumers(consumerIds: string[]): Promise<void> {
    await this.#forEach(consumerIds, async (id) => {
      this.#options.sfu.closeConsumer(...this.#at, id);
    });
  }

  /** @throws {CanopyError} MEDIA_REJECTED */
  async setPreferredLayers(consumerId: string, layers: Layers): Promise<void> {
    await this.#forEach([consumerId], (id) =>
      this.#options.sfu.setPreferredLayers(...this.#at, { consumerId: id, layers }),
    );
  }

  async requestKeyFrame(consumerId: string): Promise<void> {
    await this.#forEach([consumerId], (id) => this.#options.sfu.requestKeyFrame(...this.#at, id));
  }

  /** The peer in the media plane. */
  get #at(): [roomId: string, peerId: string] {
    return [this.#room.record.roomId, this.#peer.peerId];
  }

  /** Takes back what the worker did if the right to send was withdrawn while it was busy. */
  async #demandStill(participantId: string, undo: () => unknown, source?: MediaSource): Promise<void> {
    try {
      this.#demandSending(participantId, source);
    } catch (error) {
      await undo();
      throw error;
    }
  }

  /** @param source also checks that nothing stops this source */
  #demandSending(participantId: string, source?: MediaSource): void {
    demand(this.#peer.principalOf(participantId), 'media.send', this.#room.record);
    if (source !== undefined && this.#room.isStopped(participantId, source)) {
      throw new CanopyError('STOPPED_BY_MODERATOR');
    }
  }

  /** @param unknown the code of the error if the room's media was lost; default ROOM_REHOMING */
  #assertLive(unknown: ErrorCode = 'ROOM_REHOMING'): void {
    if (this.#endedBy) {
      throw new CanopyError(this.#endedBy === 'ROOM_REHOMING' ? unknown : this.#endedBy);
    }
  }

  /** Acts on each consumer that the peer still has. Ignores the failure of one that closes meanwhile. */
  async #forEach(consumerIds: string[], act: (consumerId: string) => Promise<void>): Promise<void> {
    const has = (id: string) => !this.ended && this.#options.sfu.owns(...this.#at, 'consumer', id);
    const owned = consumerIds.filter(has);
    if (owned.length === 0) {
      throw new CanopyError('CONSUMER_UNKNOWN');
    }
    const results = await Promise.allSettled(owned.map(act));
    for (const [index, result] of results.entries()) {
      if (result.status === 'rejected' && has(owned[index] as string)) {
        throw result.reason;
      }
    }
  }
}
