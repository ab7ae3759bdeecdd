import type { Consumer, Producer, RtpCapabilities, RtpParameters } from 'mediasoup/types';
import { CanopyError } from '../base/errors/index.ts';
import { checkRtpCapabilities, checkRtpParameters } from './guards.ts';
import { LayerNews } from './layer-news.ts';
import type { MediaWorker } from './media-worker.ts';
import { PeerConsumer } from './peer-consumer.ts';
import type { PeerTransport } from './peer-transport.ts';
import type { PlainPeerTransport } from './plain-peer-transport.ts';
import type { Tell } from './tell.ts';
import type {
  ConsumerResult,
  Direction,
  Endpoint,
  Layers,
  Layout,
  PlainTransportInfo,
  ProduceOptions,
} from './types.ts';
import { WebRtcPeerTransport } from './webrtc-peer-transport.ts';
import { answered } from './worker-errors.ts';

/** What a peer needs of its room. */
export interface PeerHome {
  readonly roomId: string;
  readonly tell: Tell;
  openTransport(
    peerId: string,
    direction: Direction,
    capabilities?: RtpCapabilities,
  ): Promise<WebRtcPeerTransport>;
  /** A transport towards a bridge that is at this address. */
  openPlainTransport(
    peerId: string,
    direction: Direction,
    address: string,
    capabilities?: RtpCapabilities,
  ): Promise<PlainPeerTransport>;
  /** Makes a producer consumable on a worker of the room. */
  bring(producerId: string, worker: MediaWorker): Promise<void>;
  /** The peer that owns a producer of the room. */
  ownerOf(producerId: string): string | undefined;
  producerOpened(peerId: string, producer: Producer, options: ProduceOptions): Promise<void>;
  producerClosed(producer: Producer): void;
  consumerOpened(consumer: PeerConsumer): void;
  /** Something changed that decisions on who receives what depend on. */
  changed(): void;
}

/**
 * One peer's transports, producers and consumers in a room. Nobody else's objects can be reached through it.
 * Owned by Room; made with the peer's first transport.
 */
export class Peer {
  readonly peerId: string;
  readonly #home: PeerHome;
  readonly #transports = new Map<string, PeerTransport>();
  readonly #producers = new Map<string, Producer>();
  readonly #consumers = new Map<string, PeerConsumer>();
  /** Directions whose transport is being made. */
  readonly #opening = new Set<Direction>();
  readonly #layerNews: LayerNews;
  #layout: Layout | undefined;
  #closed = false;

  constructor(peerId: string, home: PeerHome) {
    this.peerId = peerId;
    this.#home = home;
    const { roomId, tell } = home;
    this.#layerNews = new LayerNews((consumerId, layers) =>
      tell('consumerlayers', { roomId, peerId, consumerId, layers }),
    );
  }

  /** What it shows; undefined: it has not said. */
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

  /** The transport by which it receives. */
  get receiving(): PeerTransport | undefined {
    return this.transports.find(({ direction }) => direction === 'recv');
  }

  get producerIds(): string[] {
    return [...this.#producers.keys()];
  }

  get consumers(): PeerConsumer[] {
    return [...this.#consumers.values()];
  }

  /** Its network carries next to nothing of what it is sent: see PeerConsumer.startAnew(). Waits for nothing. */
  startPicturesAnew(): void {
    // What fails has closed meanwhile.
    for (const consumer of this.#consumers.values()) consumer.startAnew().catch(() => {});
  }

  /**
   * Requests a key frame of each video when the client is reachable again after an outage, or over another path. Clients themselves ask
   * only after waiting for the lost packets, Chromium for 3 s. Does not wait for the result.
   */
  requestKeyFrames(): void {
    for (const consumer of this.#consumers.values()) {
      // A consumer that fails here has closed meanwhile.
      if (consumer.kind === 'video' && consumer.wanted && !consumer.held)
        consumer.requestKeyFrame().catch(() => {});
    }
  }

  get consumerIds(): string[] {
    return [...this.#consumers.keys()];
  }

  async createTransport(direction: Direction, rtpCapabilities: unknown): Promise<WebRtcPeerTransport> {
    const capabilities = direction === 'recv' ? checkRtpCapabilities(rtpCapabilities) : undefined;
    return this.#open(direction, () => this.#home.openTransport(this.peerId, direction, capabilities));
  }

  /** The two transports of a bridge, connected to its one socket. */
  async createPlainTransports(
    remote: Endpoint,
    rtpCapabilities: unknown,
  ): Promise<{ send: PlainTransportInfo; recv: PlainTransportInfo }> {
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
      for (const { id } of made) this.closeTransport(id);
      throw error;
    }
  }

  transport(transportId: string): PeerTransport {
    const transport = this.#transports.get(transportId);
    if (!transport || transport.closed) throw new CanopyError('TRANSPORT_UNKNOWN');
    return transport;
  }

  /** A WebRTC transport of the peer. */
  webRtcTransport(transportId: string): WebRtcPeerTransport {
    const transport = this.transport(transportId);
    if (!(transport instanceof WebRtcPeerTransport)) throw new CanopyError('TRANSPORT_UNKNOWN');
    return transport;
  }

  closeTransport(transportId: string): boolean {
    const transport = this.#transports.get(transportId);
    transport?.close();
    return this.#transports.delete(transportId);
  }

  async produce(options: ProduceOptions): Promise<Producer> {
    const transport = this.transport(options.transportId);
    const rtpParameters: RtpParameters = checkRtpParameters(options.kind, options.rtpParameters);
    const { kind, paused } = options;
    const producer = await transport.produce({ kind, rtpParameters, paused: paused === true });
    try {
      transport.assertOpen();
      this.#producers.set(producer.id, producer);
      producer.observer.once('close', () => {
        this.#producers.delete(producer.id);
        this.#home.producerClosed(producer);
      });
      await this.#home.producerOpened(this.peerId, producer, options);
      // That takes requests to the worker, for a voice, and the transport may have closed meanwhile.
      transport.assertOpen();
      return producer;
    } catch (error) {
      producer.close();
      throw error;
    }
  }

  async pauseProducer(producerId: string): Promise<void> {
    await answered(this.#producer(producerId).pause(), 'PRODUCER_UNKNOWN');
    this.#home.changed();
  }

  async resumeProducer(producerId: string): Promise<void> {
    await answered(this.#producer(producerId).resume(), 'PRODUCER_UNKNOWN');
    this.#home.changed();
  }

  closeProducer(producerId: string): boolean {
    const producer = this.#producers.get(producerId);
    producer?.close();
    return producer !== undefined;
  }

  async consume(options: { transportId: string; producerId: string }): Promise<ConsumerResult> {
    const transport = this.transport(options.transportId);
    const owner = this.#home.ownerOf(options.producerId);
    if (owner === undefined || owner === this.peerId) throw new CanopyError('PRODUCER_UNKNOWN');
    await this.#home.bring(options.producerId, transport.worker);
    const consumer = await transport.consume(options.producerId);
    this.#adopt(consumer, transport);
    return {
      consumerId: consumer.id,
      producerId: consumer.producerId,
      kind: consumer.kind,
      rtpParameters: { ...consumer.rtpParameters },
      type: consumer.type,
      producerPaused: consumer.producerPaused,
    };
  }

  async pauseConsumer(consumerId: string): Promise<void> {
    await this.#consumer(consumerId).setWanted(false);
    this.#home.changed();
  }

  async resumeConsumer(consumerId: string): Promise<void> {
    const consumer = this.#consumer(consumerId);
    if (consumer.declined) this.#home.changed();
    await consumer.setWanted(true);
  }

  async setPreferredLayers(consumerId: string, layers: Layers): Promise<void> {
    await this.#consumer(consumerId).setClientLayers(layers);
  }

  async requestKeyFrame(consumerId: string): Promise<void> {
    await this.#consumer(consumerId).requestKeyFrame();
  }

  closeConsumer(consumerId: string): boolean {
    const consumer = this.#consumers.get(consumerId);
    consumer?.close();
    return consumer !== undefined;
  }

  /** Closes its transports and so everything in them. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#layerNews.close();
    for (const transport of this.#transports.values()) transport.close();
    this.#transports.clear();
  }

  /** Makes the one transport of a direction. */
  async #open<T extends PeerTransport>(direction: Direction, make: () => Promise<T>): Promise<T> {
    if (
      this.#opening.has(direction) ||
      this.transports.some((transport) => transport.direction === direction)
    ) {
      throw new CanopyError('TRANSPORT_EXISTS');
    }
    this.#opening.add(direction);
    try {
      const transport = await make();
      if (this.#closed) {
        transport.close();
        throw new CanopyError('ROOM_NOT_JOINED', 'left in the meantime');
      }
      this.#transports.set(transport.id, transport);
      return transport;
    } finally {
      this.#opening.delete(direction);
    }
  }

  #adopt(consumer: Consumer, transport: PeerTransport): void {
    if (transport.closed) consumer.close();
    transport.assertOpen();
    const { roomId, tell } = this.#home;
    const about = { roomId, peerId: this.peerId, consumerId: consumer.id };
    const own = new PeerConsumer(consumer);
    this.#consumers.set(consumer.id, own);
    // Until it is decided what of a picture is forwarded, nothing is. Nothing is asked of the worker for this.
    if (consumer.kind === 'video') void own.setHeld(true);
    this.#home.consumerOpened(own);
    this.#home.changed();
    consumer.observer.once('close', () => {
      this.#consumers.delete(consumer.id);
      this.#layerNews.forget(consumer.id);
      this.#home.changed();
    });
    consumer.on('producerclose', () => tell('consumerclosed', about));
    consumer.on('layerschange', (layers) =>
      this.#layerNews.changed(consumer.id, layers ? { ...layers } : null),
    );
  }

  #producer(producerId: string): Producer {
    const producer = this.#producers.get(producerId);
    if (!producer) throw new CanopyError('PRODUCER_UNKNOWN');
    return producer;
  }

  #consumer(consumerId: string): PeerConsumer {
    const consumer = this.#consumers.get(consumerId);
    if (!consumer) throw new CanopyError('CONSUMER_UNKNOWN');
    return consumer;
  }
}
