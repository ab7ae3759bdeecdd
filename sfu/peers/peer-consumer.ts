import type { Consumer } from 'mediasoup/types';
import { checkLayers } from '../guards.ts';
import type { Layers } from '../types.ts';
import { answered } from '../worker-errors.ts';
import { LayerReminder } from './layer-reminder.ts';
import { sameLayers } from './same-layers.ts';

/**
 * A consumer and who has a say in it: it forwards when its client wants it and the server does not hold it back. Layers are the least of
 * what both want. Tells the worker changes only. Owned by Peer.
 */
export class PeerConsumer {
  readonly #consumer: Consumer;
  #wanted = false;
  #declined = false;
  #held = false;
  /** The state last requested from the worker. */
  #paused = true;
  #priority = 1;
  /**
   * The spatial layer that flows. Cached: mediasoup's getters copy their values, which is too costly for a check of everything every 2 s.
   */
  #flowingLayer: number | null = null;
  /** Whether no video had arrived yet at the last check. */
  #waits = false;
  #clientLayers: Layers | undefined;
  #serverLayers: Layers | undefined;
  #toldLayers: Layers | undefined;
  readonly #reminder: LayerReminder;

  /** @param consumer made paused. */
  constructor(consumer: Consumer) {
    this.#consumer = consumer;
    consumer.observer.on('layerschange', (layers) => {
      this.#flowingLayer = layers?.spatialLayer ?? null;
    });
    this.#reminder = new LayerReminder(consumer, () => this.#toldLayers);
  }

  get id(): string {
    return this.#consumer.id;
  }

  get producerId(): string {
    return this.#consumer.producerId;
  }

  get kind(): 'audio' | 'video' {
    return this.#consumer.kind;
  }

  get mediasoupConsumer(): Consumer {
    return this.#consumer;
  }

  /** Whether its client wants it. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Whether its client paused it. One that it has not begun yet is about to be wanted. */
  get declined(): boolean {
    return this.#declined;
  }

  /** Whether the server holds it back. */
  get held(): boolean {
    return this.#held;
  }

  /** The spatial layer being forwarded; null: none, or video without layers. */
  get forwardedLayer(): number | null {
    return this.#paused ? null : this.#flowingLayer;
  }

  /** The client's word. */
  async setWanted(wanted: boolean): Promise<void> {
    this.#wanted = wanted;
    this.#declined = !wanted;
    await this.#apply();
  }

  /** The server's word: nothing is forwarded while it is held. */
  async setHeld(held: boolean): Promise<void> {
    this.#held = held;
    await this.#apply();
  }

  /** The most that the client wants. */
  async setClientLayers(layers: Layers): Promise<void> {
    this.#clientLayers = checkLayers(layers);
    await this.#applyLayers();
  }

  /** The most that the allocator gives. */
  async setServerLayers(layers: Layers): Promise<void> {
    this.#serverLayers = layers;
    await this.#applyLayers();
  }

  /** 1 to 255: what the bandwidth estimation serves first. */
  async setPriority(priority: number): Promise<void> {
    if (priority === this.#priority || this.#consumer.closed) {
      return;
    }
    this.#priority = priority;
    await answered(this.#consumer.setPriority(priority), 'CONSUMER_UNKNOWN');
  }

  /**
   * Forgets what its client misses of a picture above the lowest layer, and begins anew with what the estimate allows. Where a network
   * becomes narrow all at once, its client asks for nearly every packet again and again, and gets them: three times what was too much.
   * This also ends the 10 s in which the worker goes to no higher layer after a fall.
   */
  async startAnew(): Promise<void> {
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
   * Looks whether the picture waits for a key frame; asks for one again where it did at the last look, too. By itself the worker asks twice, a
   * second apart, and then no more: two requests that a network lost would leave a tile black until somebody else needs a key frame.
   */
  async lookAfterKeyFrame(): Promise<void> {
    const consumer = this.#consumer;
    const { type, closed, producerPaused } = consumer;
    const mayFlow = !closed && !this.#paused && !producerPaused && (type === 'simulcast' || type === 'svc');
    const before = this.#waits;
    this.#waits =
      mayFlow && this.#flowingLayer === null && consumer.score.producerScores.some((each) => each > 0);
    if (before && this.#waits) {
      await this.requestKeyFrame();
    }
  }

  close(): void {
    this.#consumer.close();
  }

  async #apply(): Promise<void> {
    const paused = this.#held || !this.#wanted;
    if (paused === this.#paused || this.#consumer.closed) {
      return;
    }
    this.#paused = paused;
    // The worker answers in order, so the last word counts.
    await answered(paused ? this.#consumer.pause() : this.#consumer.resume(), 'CONSUMER_UNKNOWN');
  }

  async #applyLayers(): Promise<void> {
    const layers = least(this.#clientLayers, this.#serverLayers);
    const told = this.#toldLayers;
    if (!layers || sameLayers(layers, told) || this.#consumer.closed) {
      return;
    }
    this.#toldLayers = layers;
    if (layers.spatialLayer > (told?.spatialLayer ?? -1)) {
      this.#reminder.raised();
    }
    await answered(this.#consumer.setPreferredLayers(layers), 'CONSUMER_UNKNOWN');
  }
}

/** The lower of two ceilings; of equal spatial layers the lower temporal one. */
function least(one: Layers | undefined, other: Layers | undefined): Layers | undefined {
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
