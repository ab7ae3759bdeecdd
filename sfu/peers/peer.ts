import type { Producer } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import { checkRtpCapabilities } from '../guards.ts';
import type { PeerTransport, PlainPeerTransport } from '../transports/index.ts';
import { WebRtcPeerTransport } from '../transports/index.ts';
import type {
  ConsumersResult,
  Direction,
  Endpoint,
  Layers,
  Layout,
  PlainTransportInfo,
  ProduceOptions,
} from '../types.ts';
import type { PeerConsumer } from './peer-consumer.ts';
import { PeerConsumers } from './peer-consumers.ts';
import type { PeerHome } from './peer-home.ts';
import { PeerProducers } from './peer-producers.ts';

/**
 * One peer's transports, producers and consumers in a room. Gives no access to objects of other peers. Owned by Room; created with the
 * peer's first transport.
 */
export class Peer {
  readonly peerId: string;
  readonly #home: PeerHome;
  readonly #transports = new Map<string, PeerTransport>();
  readonly #producers: PeerProducers;
  readonly #consumers: PeerConsumers;
  /** Directions whose transport is being created. */
  readonly #opening = new Set<Direction>();
  #layout: Layout | undefined;
  #closed = false;

  constructor(peerId: string, home: PeerHome) {
    this.peerId = peerId;
    this.#home = home;
    this.#producers = new PeerProducers(peerId, home);
    this.#consumers = new PeerConsumers(peerId, home);
  }

  /** What it shows; undefined: it has not reported a layout. */
  get layout(): Layout | undefined {
    return this.#layout;
  }

  set layout(layout: Layout) {
    this.#layout = layout;
    this.#home.changed();
  }

  get transports(): PeerTransport[] {
    return [...this.#transports.values()].filter(({ closed }) => !closed);
  }

  /** The transport on which it receives. */
  get receiving(): PeerTransport | undefined {
    return this.transports.find(({ direction }) => direction === 'recv');
  }

  get producerIds(): string[] {
    return this.#producers.ids;
  }

  get consumers(): readonly PeerConsumer[] {
    return this.#consumers.all;
  }

  /** Restarts its video when its network carries only a fraction of what is sent; see PeerConsumer.restart(). Does not wait. */
  restartVideos(): void {
    // A consumer that fails here has closed meanwhile.
    for (const consumer of this.#consumers.all) {
      consumer.restart().catch(() => {});
    }
  }

  /**
   * Requests a key frame of each video when the client is reachable again after an outage, or over another path. Clients request one only
   * after waiting for the lost packets, Chromium after 3 s. Does not wait for the result.
   */
  requestKeyFrames(): void {
    for (const consumer of this.#consumers.all) {
      // A consumer that fails here has closed meanwhile.
      if (consumer.kind === 'video' && consumer.wanted && !consumer.held) {
        consumer.requestKeyFrame().catch(() => {});
      }
    }
  }

  get consumerIds(): string[] {
    return this.#consumers.ids;
  }

  /** Whether it has this object, and it is open. */
  owns(kind: 'transport' | 'producer' | 'consumer', id: string): boolean {
    if (kind === 'transport') {
      return this.#transports.get(id)?.closed === false;
    }
    return kind === 'producer' ? this.#producers.has(id) : this.#consumers.has(id);
  }

  async createTransport(
    direction: Direction,
    {
      rtpCapabilities,
      ownPayloadTypes,
    }: { rtpCapabilities?: unknown; ownPayloadTypes?: boolean | undefined },
  ): Promise<WebRtcPeerTransport> {
    this.#assertFree(direction);
    const receiving =
      direction === 'recv' ? { rtpCapabilities: checkRtpCapabilities(rtpCapabilities), ownPayloadTypes } : {};
    return this.#open(direction, () => this.#home.openTransport(this.peerId, direction, receiving));
  }

  /** Opens both transports of a bridge, connected to its one socket. */
  async createPlainTransports(
    remote: Endpoint,
    rtpCapabilities: unknown,
  ): Promise<{ send: PlainTransportInfo; recv: PlainTransportInfo }> {
    for (const direction of ['send', 'recv'] as const) {
      this.#assertFree(direction);
    }
    const capabilities = checkRtpCapabilities(rtpCapabilities);
    const made: PlainPeerTransport[] = [];
    const open = async (direction: Direction) => {
      const receiving = direction === 'recv' ? capabilities : undefined;
      const transport = await this.#open(direction, () =>
        this.#home.openPlainTransport(this.peerId, direction, remote.address, receiving),
      );
      made.push(transport);
      await transport.connect(remote);
      return transport.info;
    };
    try {
      return { send: await open('send'), recv: await open('recv') };
    } catch (error) {
      for (const transport of made) {
        transport.close();
        this.#transports.delete(transport.id);
      }
      throw error;
    }
  }

  transport(transportId: string): PeerTransport {
    const transport = this.#transports.get(transportId);
    if (!transport || transport.closed) {
      throw new CanopyError('TRANSPORT_UNKNOWN');
    }
    return transport;
  }

  /** A WebRTC transport of the peer. */
  webRtcTransport(transportId: string): WebRtcPeerTransport {
    const transport = this.transport(transportId);
    if (!(transport instanceof WebRtcPeerTransport)) {
      throw new CanopyError('TRANSPORT_UNKNOWN');
    }
    return transport;
  }

  closeTransport(transportId: string): boolean {
    const transport = this.#transports.get(transportId);
    if (!transport) {
      return false;
    }
    this.#transports.delete(transportId);
    transport.close();
    const { roomId, emit, closed } = this.#home;
    if (!closed) {
      emit('transportclosed', { roomId, peerId: this.peerId, transportId });
    }
    return true;
  }

  async produce(options: ProduceOptions): Promise<Producer> {
    return this.#producers.create(this.transport(options.transportId), options);
  }

  async setProducerPaused(producerId: string, paused: boolean): Promise<void> {
    await this.#producers.setPaused(producerId, paused);
  }

  closeProducer(producerId: string): boolean {
    return this.#producers.close(producerId);
  }

  /** Closes what a participant of the peer sends, and rejects pending requests for it. */
  closeParticipant(participantId: string): void {
    this.#producers.closeParticipant(participantId);
  }

  async consume(options: {
    transportId: string;
    producerIds: readonly string[];
    maxConsumers?: number;
    mid?: string;
  }): Promise<ConsumersResult> {
    const { transportId, producerIds, ...limits } = options;
    return this.#consumers.create(() => this.transport(transportId), producerIds, limits);
  }

  async pauseConsumer(consumerId: string): Promise<void> {
    await this.#consumers.get(consumerId).setWanted(false);
    this.#home.changed();
  }

  async resumeConsumer(consumerId: string): Promise<void> {
    const consumer = this.#consumers.get(consumerId);
    if (consumer.declined) {
      this.#home.changed();
    }
    await consumer.setWanted(true);
  }

  async setPreferredLayers(consumerId: string, layers: Layers): Promise<void> {
    await this.#consumers.get(consumerId).setClientLayers(layers);
  }

  async requestKeyFrame(consumerId: string): Promise<void> {
    await this.#consumers.get(consumerId).requestKeyFrame();
  }

  closeConsumer(consumerId: string): boolean {
    return this.#consumers.close(consumerId);
  }

  /** Closes its transports, and thus everything on them. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#consumers.end();
    for (const transportId of [...this.#transports.keys()]) {
      this.closeTransport(transportId);
    }
  }

  /** Opens the one transport of a direction. */
  async #open<T extends PeerTransport>(direction: Direction, make: () => Promise<T>): Promise<T> {
    this.#assertFree(direction);
    this.#opening.add(direction);
    try {
      const transport = await make();
      if (this.#closed) {
        transport.close();
        throw new CanopyError('ROOM_NOT_JOINED', 'left meanwhile');
      }
      this.#transports.set(transport.id, transport);
      if (direction === 'recv') {
        this.#home.receiversChanged();
      }
      return transport;
    } finally {
      this.#opening.delete(direction);
    }
  }

  /** @throws {CanopyError} TRANSPORT_EXISTS */
  #assertFree(direction: Direction): void {
    if (
      this.#opening.has(direction) ||
      this.transports.some((transport) => transport.direction === direction)
    ) {
      throw new CanopyError('TRANSPORT_EXISTS');
    }
  }
}
