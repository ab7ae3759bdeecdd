import type { Consumer } from 'mediasoup/types';
import type { Layers } from '../types.ts';

/**
 * When to look after a layer of simulcast began, in milliseconds: it can be used once it is 2 s old (StreamMinActiveMs in the worker's
 * SimulcastProducerStreamManager; a little later, as its clock is not ours), or at once where the lower one is no older.
 */
const BEGAN_MS = [50, 2020];
/** When to look after a layer of SVC was asked for, in milliseconds: its sender needs about 100 on a near network. */
const ASKED_MS = [100, 200, 400, 800];

/** What it needs of a consumer. */
export type RemindedConsumer = Pick<
  Consumer,
  'type' | 'score' | 'currentLayers' | 'closed' | 'setPreferredLayers' | 'on' | 'observer'
>;

/**
 * Has the worker use a larger layer as soon as it can. By itself it looks which layers there are with every estimate, up to a second
 * apart, or when a stream comes or goes. What it does not notice in time: that a layer of simulcast has become old enough, and that
 * one of SVC began (that it checks every 1.5 s). Owned by PeerConsumer.
 */
export class LayerReminder {
  readonly #consumer: RemindedConsumer;
  readonly #wanted: () => Layers | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  #scores: readonly number[];

  /** @param wanted - what was set as preferred last. */
  constructor(consumer: RemindedConsumer, wanted: () => Layers | undefined) {
    this.#consumer = consumer;
    this.#wanted = wanted;
    this.#scores = consumer.score.producerScores;
    if (consumer.type === 'simulcast') {
      consumer.on('score', (score) => this.#scored(score.producerScores));
    }
    consumer.observer.once('close', () => this.#stop());
  }

  /** A higher spatial layer is preferred from now on. */
  raised(): void {
    if (this.#consumer.type !== 'svc') {
      return;
    }
    this.#stop();
    this.#remindAfter(ASKED_MS);
  }

  #scored(scores: readonly number[]): void {
    const began = scores.some((score, layer) => score > 0 && !this.#scores[layer]);
    this.#scores = scores;
    if (began) {
      this.#remindAfter(BEGAN_MS);
    }
  }

  #remindAfter(times: readonly number[]): void {
    for (const milliseconds of times) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#remind();
      }, milliseconds);
      timer.unref();
      this.#timers.add(timer);
    }
  }

  /**
   * The worker looks again when what is preferred changes and is not what it would choose by itself, so it is told something else first:
   * the spatial layer that it has, for which it needs no key frame, in another temporal layer.
   */
  #remind(): void {
    const wanted = this.#wanted();
    const { currentLayers: current } = this.#consumer;
    if (!wanted || !current || current.spatialLayer >= wanted.spatialLayer || this.#consumer.closed) {
      return;
    }
    const { temporalLayer = 1 } = wanted;
    const other = { ...current, temporalLayer: temporalLayer === 0 ? 1 : temporalLayer - 1 };
    for (const layers of [other, wanted]) {
      // It fails only when the consumer has gone.
      this.#consumer.setPreferredLayers(layers).catch(() => {});
    }
  }

  #stop(): void {
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
    this.#timers.clear();
  }
}
