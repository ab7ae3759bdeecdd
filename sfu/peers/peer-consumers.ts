import type { Consumer } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import type { PeerTransport } from '../transports/index.ts';
import type { ConsumerResult, ConsumersResult } from '../types.ts';
import { LayerChangeNotifier } from './layer-change-notifier.ts';
import { PeerConsumer } from './peer-consumer.ts';
import type { PeerHome } from './peer-home.ts';

/**
 * What one peer receives, with the limit on consumers and their events. A request counts from its start, so that concurrent ones cannot
 * exceed the limit together. A consumer is either returned, and reported if it closes later on its own, or returned as failed. Owned by
 * Peer.
 */
export class PeerConsumers {
  readonly #peerId: string;
  readonly #home: PeerHome;
  readonly #consumers = new Map<string, PeerConsumer>();
  #all: readonly PeerConsumer[] | undefined;
  /** Consumers not yet returned to the caller. One that closes now is returned as failed and not reported. */
  readonly #unanswered = new Set<string>();
  readonly #layerChanges: LayerChangeNotifier;
  /** Number of consumers the worker is creating. */
  #creating = 0;

  constructor(peerId: string, home: PeerHome) {
    this.#peerId = peerId;
    this.#home = home;
    const { roomId, emit } = home;
    this.#layerChanges = new LayerChangeNotifier((consumerId, layers) =>
      emit('consumerlayers', { roomId, peerId, consumerId, layers }),
    );
  }

  /** All of them; the same array until one comes or goes. */
  get all(): readonly PeerConsumer[] {
    this.#all ??= [...this.#consumers.values()];
    return this.#all;
  }

  get ids(): string[] {
    return [...this.#consumers.keys()];
  }

  has(consumerId: string): boolean {
    return this.#consumers.has(consumerId);
  }

  /** @throws {CanopyError} CONSUMER_UNKNOWN */
  get(consumerId: string): PeerConsumer {
    const consumer = this.#consumers.get(consumerId);
    if (!consumer) {
      throw new CanopyError('CONSUMER_UNKNOWN');
    }
    return consumer;
  }

  /**
   * Subscribes to several producers; each may fail separately.
   * @throws {CanopyError} LIMIT_REACHED - when the peer would have more than `maxConsumers` with them
   */
  async create(
    transportOf: () => PeerTransport,
    producerIds: readonly string[],
    { maxConsumers = Number.POSITIVE_INFINITY, mid }: { maxConsumers?: number; mid?: string } = {},
  ): Promise<ConsumersResult> {
    if (this.#consumers.size + this.#creating + producerIds.length > maxConsumers) {
      throw new CanopyError('LIMIT_REACHED', `at most ${maxConsumers} consumers`);
    }
    const result: ConsumersResult = { consumers: [], failed: [] };
    const requests = producerIds.map((producerId) => this.#create(transportOf, producerId, mid));
    for (const [index, outcome] of (await Promise.allSettled(requests)).entries()) {
      const producerId = producerIds[index] as string;
      try {
        if (outcome.status === 'rejected') {
          throw outcome.reason;
        }
        result.consumers.push(this.#answer(outcome.value, producerId, transportOf));
      } catch (error) {
        result.failed.push({ producerId, error: CanopyError.from(error).toJSON() });
      }
    }
    return result;
  }

  close(consumerId: string): boolean {
    const consumer = this.#consumers.get(consumerId);
    consumer?.close();
    return consumer !== undefined;
  }

  /** Stops reporting layers. */
  end(): void {
    this.#layerChanges.close();
  }

  async #create(transportOf: () => PeerTransport, producerId: string, mid?: string): Promise<Consumer> {
    this.#creating += 1;
    try {
      const transport = transportOf();
      const owner = this.#home.ownerOf(producerId);
      if (owner === undefined || owner === this.#peerId) {
        throw new CanopyError('PRODUCER_UNKNOWN');
      }
      const localId = await this.#home.pipeTo(producerId, this.#peerId);
      const consumer = await transport.consume(localId, mid);
      if (transport.closed) {
        consumer.close();
      }
      transport.assertOpen();
      this.#adopt(consumer, producerId);
      return consumer;
    } finally {
      this.#creating -= 1;
    }
  }

  #adopt(consumer: Consumer, producerId: string): void {
    const { roomId, emit } = this.#home;
    const about = { roomId, peerId: this.#peerId, consumerId: consumer.id };
    const own = new PeerConsumer(consumer, producerId);
    this.#consumers.set(consumer.id, own);
    this.#all = undefined;
    this.#unanswered.add(consumer.id);
    // Video is held until the allocator has decided on it. This needs no request to the worker.
    if (consumer.kind === 'video') {
      void own.setHeld(true);
    }
    this.#home.consumerOpened(own);
    this.#home.changed();
    consumer.observer.once('close', () => {
      this.#consumers.delete(consumer.id);
      this.#all = undefined;
      this.#layerChanges.forget(consumer.id);
      this.#home.changed();
    });
    consumer.on('producerclose', () => {
      if (!this.#unanswered.has(consumer.id)) {
        emit('consumerclosed', about);
      }
    });
    consumer.on('layerschange', (layers) =>
      this.#layerChanges.changed(consumer.id, layers ? { ...layers } : null),
    );
  }

  /** @throws {CanopyError} TRANSPORT_UNKNOWN, PRODUCER_UNKNOWN - when it has closed while others were being created */
  #answer(consumer: Consumer, producerId: string, transportOf: () => PeerTransport): ConsumerResult {
    this.#unanswered.delete(consumer.id);
    if (!this.#consumers.has(consumer.id)) {
      transportOf();
      throw new CanopyError('PRODUCER_UNKNOWN', 'closed meanwhile');
    }
    return {
      consumerId: consumer.id,
      producerId,
      kind: consumer.kind,
      rtpParameters: { ...consumer.rtpParameters },
      type: consumer.type,
      producerPaused: consumer.producerPaused,
    };
  }
}
