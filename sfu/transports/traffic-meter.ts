import type { TrafficTotals } from '../types.ts';

/** Sums the traffic of all transports, including closed ones, so the totals never decrease. */
export class TrafficMeter {
  readonly #open = new Set<Promise<void>>();
  #receivedBytes = 0;
  #sentBytes = 0;

  add(receivedBytes: number, sentBytes: number): void {
    this.#receivedBytes += receivedBytes;
    this.#sentBytes += sentBytes;
  }

  /** Registers the final measurement of a closing transport, which must not reject. */
  await(measurement: Promise<void>): void {
    this.#open.add(measurement);
    void measurement.then(() => this.#open.delete(measurement));
  }

  /** Resolves when all measurements registered so far have arrived. */
  async settled(): Promise<void> {
    await Promise.all(this.#open);
  }

  get totals(): TrafficTotals {
    return { receivedBytes: this.#receivedBytes, sentBytes: this.#sentBytes };
  }
}
