import type { TrafficTotals } from '../types.ts';

/** Adds up what transports have moved, and keeps it when they have gone: the totals never fall. */
export class TrafficMeter {
  readonly #open = new Set<Promise<void>>();
  #receivedBytes = 0;
  #sentBytes = 0;

  add(receivedBytes: number, sentBytes: number): void {
    this.#receivedBytes += receivedBytes;
    this.#sentBytes += sentBytes;
  }

  /** Notes the last measurement of a transport that closes. It must not reject. */
  await(measurement: Promise<void>): void {
    this.#open.add(measurement);
    void measurement.then(() => this.#open.delete(measurement));
  }

  /** Resolves when what was noted so far has arrived. */
  async settled(): Promise<void> {
    await Promise.all(this.#open);
  }

  get totals(): TrafficTotals {
    return { receivedBytes: this.#receivedBytes, sentBytes: this.#sentBytes };
  }
}
