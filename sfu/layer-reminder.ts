import type { Consumer } from 'mediasoup/types';
import type { Layers } from './types.ts';

/**
 * How long the worker leaves a layer of simulcast alone that began again, in milliseconds (StreamMinActiveMs in its
 * SimulcastProducerStreamManager), and a little more: its clock is not ours.
 */
const YOUNG_MS = 2000 + 20;
/** When to look whether a layer of SVC that was asked for is there, in milliseconds: its sender needs about 100 on a near network. */
const ASKED_MS = [100, 200, 400, 800];

/** What it needs of a consumer. */
export type RemindedConsumer = Pick<
  Consumer,
  'type' | 'score' | 'currentLayers' | 'closed' | 'setPreferredLayers' | 'on' | 'observer'
>;

/**
 * Has the worker use a larger layer as soon as it can. By itself it looks which layers there are with every estimate, up to a second
 * apart, or when a stream comes or goes. What it does not notice in time: that a layer of simulcast has become old enough, and that
 * one of SVC has begun again (that it checks every 1.5 s). Owned by PeerConsumer.
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
    if (consumer.type === 'simulcast') consumer.on('score', (score) => this.#scored(score.producerScores));
    consumer.observer.once('close', () => this.#stop());
  }

  /** A higher spatial layer is preferred from now on. */
  raised(): void {
    if (this.#consumer.type !== 'svc') return;
    this.#stop();
    for (const afterMs of ASKED_MS) this.#remindAfter(afterMs);
  }

  #scored(scores: readonly number[]): void {
    const began = scores.some((score, layer) => score > 0 && !this.#scores[layer]);
    this.#scores = scores;
    if (began) this.#remindAfter(YOUNG_MS);
  }

  #remindAfter(milliseconds: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#remind();
    }, milliseconds);
    timer.unref();
    this.#timers.add(timer);
  }

  /** The worker looks again when what is preferred changes, so it is told twice: what it has, and what is wanted. */
  #remind(): void {
    const wanted = this.#wanted();
    const { currentLayers: current } = this.#consumer;
    if (!wanted || !current || current.spatialLayer >= wanted.spatialLayer || this.#consumer.closed) return;
    for (const layers of [{ ...wanted, spatialLayer: current.spatialLayer }, wanted]) {
      // It fails only when the consumer has gone.
      this.#consumer.setPreferredLayers(layers).catch(() => {});
    }
  }

  #stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
