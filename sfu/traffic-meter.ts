import type { TrafficTotals } from './types.ts';

/** Adds up what transports have moved, and keeps it when they have gone: the totals never fall. */
export class TrafficMeter {
  #receivedBytes = 0;
  #sentBytes = 0;

  add(receivedBytes: number, sentBytes: number): void {
    this.#receivedBytes += receivedBytes;
    this.#sentBytes += sentBytes;
  }

  get totals(): TrafficTotals {
    return { receivedBytes: this.#receivedBytes, sentBytes: this.#sentBytes };
  }
}
