import type { Consumer } from 'mediasoup/types';
import type { Layers } from '../types.ts';

/**
 * When to check after a simulcast layer started, in milliseconds. It can be used at once if the lower one is no older, otherwise when it is
 * 2 s old (StreamMinActiveMs in the worker's SimulcastProducerStreamManager), plus a little because the clocks differ.
 */
const AFTER_START_MS = [50, 2020];
/** When to check after an SVC layer was requested, in milliseconds. On a nearby network the sender needs about 100. */
const AFTER_REQUEST_MS = [100, 200, 400, 800];

/** The part of a consumer that LayerReminder uses. */
export type RemindedConsumer = Pick<
  Consumer,
  'type' | 'score' | 'currentLayers' | 'closed' | 'setPreferredLayers' | 'on' | 'observer'
>;

/**
 * Makes the worker use a larger layer as soon as it can. On its own, the worker checks the available layers with every estimate, up to a
 * second apart, or when a stream starts or stops. It does not notice in time that a simulcast layer has become old enough, or that an SVC
 * layer has started (checked every 1.5 s). Owned by PeerConsumer.
 */
export class LayerReminder {
  readonly #consumer: RemindedConsumer;
  readonly #wanted: () => Layers | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  #scores: readonly number[];

  /** @param wanted - returns the last preferred layers */
  constructor(consumer: RemindedConsumer, wanted: () => Layers | undefined) {
    this.#consumer = consumer;
    this.#wanted = wanted;
    this.#scores = consumer.score.producerScores;
    if (consumer.type === 'simulcast') {
      consumer.on('score', (score) => this.#scored(score.producerScores));
    }
    consumer.observer.once('close', () => this.#stop());
  }

  /** Call when a higher spatial layer is preferred than before. */
  raised(): void {
    if (this.#consumer.type !== 'svc') {
      return;
    }
    this.#stop();
    this.#remindAfter(AFTER_REQUEST_MS);
  }

  #scored(scores: readonly number[]): void {
    const started = scores.some((score, layer) => score > 0 && !this.#scores[layer]);
    this.#scores = scores;
    if (started) {
      this.#remindAfter(AFTER_START_MS);
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
   * Makes the worker check again. It does so when the preferred layers change to something it would not choose itself, so they are set to
   * something else first: the current spatial layer, which needs no key frame, with another temporal layer.
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
      // Fails only if the consumer has closed.
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
