import type { Consumer } from 'mediasoup/types';
import { checkLayers } from '../guards.ts';
import type { Layers } from '../types.ts';
import { answered } from '../worker-errors.ts';
import { LayerReminder } from './layer-reminder.ts';

/**
 * A consumer, controlled by its client and the server. It forwards if the client wants it and the server does not hold it; its layers are
 * the lower of both limits. Sends only changes to the worker. Owned by Peer.
 */
export class PeerConsumer {
  readonly producerId: string;
  readonly kind: 'audio' | 'video';
  readonly #consumer: Consumer;
  #wanted = false;
  #declined = false;
  #held = false;
  /** The state last requested from the worker. */
  #paused = true;
  #priority = 1;
  /**
   * The spatial layer being forwarded. Cached, because mediasoup's getters copy their values, which costs too much for a check of all
   * consumers every 2 s.
   */
  #flowingLayer: number | null = null;
  /** Whether no video had arrived at the last check. */
  #waitsForVideo = false;
  #clientLayers: Layers | undefined;
  #serverLayers: Layers | undefined;
  #requestedLayers: Layers | undefined;
  readonly #reminder: LayerReminder;

  /**
   * @param consumer - created paused
   * @param producerId - the room's producer; `consumer` may know it by another ID
   */
  constructor(consumer: Consumer, producerId = consumer.producerId) {
    this.#consumer = consumer;
    this.producerId = producerId;
    this.kind = consumer.kind;
    consumer.observer.on('layerschange', (layers) => {
      this.#flowingLayer = layers?.spatialLayer ?? null;
    });
    this.#reminder = new LayerReminder(consumer, () => this.#requestedLayers);
  }

  get id(): string {
    return this.#consumer.id;
  }

  get mediasoupConsumer(): Consumer {
    return this.#consumer;
  }

  /** Whether the client wants it. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Whether the client has paused it. False before it is first resumed, since it is about to be wanted. */
  get declined(): boolean {
    return this.#declined;
  }

  /** Whether the server holds it. */
  get held(): boolean {
    return this.#held;
  }

  /** The spatial layer being forwarded; null: none, or video without layers. */
  get forwardedLayer(): number | null {
    return this.#paused ? null : this.#flowingLayer;
  }

  /** Sets whether the client wants it. */
  async setWanted(wanted: boolean): Promise<void> {
    this.#wanted = wanted;
    this.#declined = !wanted;
    await this.#apply();
  }

  /** Holds or releases it on behalf of the server. Nothing is forwarded while it is held. */
  async setHeld(held: boolean): Promise<void> {
    this.#held = held;
    await this.#apply();
  }

  /** Sets the highest layers that the client wants. */
  async setClientLayers(layers: Layers): Promise<void> {
    this.#clientLayers = checkLayers(layers);
    await this.#applyLayers();
  }

  /** Sets the highest layers that the allocator permits. */
  async setServerLayers(layers: Layers): Promise<void> {
    this.#serverLayers = layers;
    await this.#applyLayers();
  }

  /** Sets the priority, 1 to 255; the bandwidth estimation serves higher ones first. */
  async setPriority(priority: number): Promise<void> {
    if (priority === this.#priority || this.#consumer.closed) {
      return;
    }
    this.#priority = priority;
    await answered(this.#consumer.setPriority(priority), 'CONSUMER_UNKNOWN');
  }

  /**
   * Pauses and resumes video above the lowest layer, dropping pending retransmissions, so that it restarts at a layer that fits the
   * estimate. When a network suddenly becomes narrow, clients re-request nearly every packet on every round trip and get it: three times
   * what was too much already. This also ends the 10 s during which the worker does not switch up after a downgrade.
   */
  async restart(): Promise<void> {
    if (this.#paused || this.kind !== 'video' || !this.#serverLayers?.spatialLayer || this.#consumer.closed) {
      return;
    }
    const requests = [this.#consumer.pause(), this.#consumer.resume()];
    await Promise.all(requests.map((request) => answered(request, 'CONSUMER_UNKNOWN')));
  }

  async requestKeyFrame(): Promise<void> {
    await answered(this.#consumer.requestKeyFrame(), 'CONSUMER_UNKNOWN');
  }

  /**
   * Checks whether video is waiting for a key frame, and requests it again if it was already waiting at the last check. The worker itself
   * requests it twice, a second apart: if a network lost both, the tile would stay black until somebody else needs a key frame. Does not
   * wait.
   */
  checkKeyFrame(): void {
    const before = this.#waitsForVideo;
    this.#waitsForVideo = this.#flowingLayer === null && this.#mayFlow && this.#isSent;
    if (before && this.#waitsForVideo) {
      // Fails only if the consumer has closed.
      this.requestKeyFrame().catch(() => {});
    }
  }

  close(): void {
    this.#consumer.close();
  }

  get #mayFlow(): boolean {
    const { type, closed, producerPaused } = this.#consumer;
    return !closed && !this.#paused && !producerPaused && (type === 'simulcast' || type === 'svc');
  }

  /** Whether its producer receives anything. */
  get #isSent(): boolean {
    return this.#consumer.score.producerScores.some((each) => each > 0);
  }

  async #apply(): Promise<void> {
    const paused = this.#held || !this.#wanted;
    if (paused === this.#paused || this.#consumer.closed) {
      return;
    }
    this.#paused = paused;
    // The worker handles requests in order, so the last one counts.
    await answered(paused ? this.#consumer.pause() : this.#consumer.resume(), 'CONSUMER_UNKNOWN');
  }

  async #applyLayers(): Promise<void> {
    const layers = lower(this.#clientLayers, this.#serverLayers);
    const requested = this.#requestedLayers;
    if (!layers || sameLayers(layers, requested) || this.#consumer.closed) {
      return;
    }
    this.#requestedLayers = layers;
    if (layers.spatialLayer > (requested?.spatialLayer ?? -1)) {
      this.#reminder.raised();
    }
    await answered(this.#consumer.setPreferredLayers(layers), 'CONSUMER_UNKNOWN');
  }
}

/** The lower of two limits; for equal spatial layers, the lower temporal one. */
function lower(one: Layers | undefined, other: Layers | undefined): Layers | undefined {
  if (!one || !other) {
    return one ?? other;
  }
  if (one.spatialLayer !== other.spatialLayer) {
    return one.spatialLayer < other.spatialLayer ? one : other;
  }
  const temporal = [one.temporalLayer, other.temporalLayer].filter((layer) => layer !== undefined);
  return {
    spatialLayer: one.spatialLayer,
    ...(temporal.length > 0 && { temporalLayer: Math.min(...temporal) }),
  };
}

/** Whether two layer settings are equal; null and undefined are equivalent. */
export function sameLayers(one: Layers | null | undefined, other: Layers | null | undefined): boolean {
  return one?.spatialLayer === other?.spatialLayer && one?.temporalLayer === other?.temporalLayer;
}
