import { setTimeout as delay } from 'node:timers/promises';

/** Keeps a stream of bytes below a bitrate, over all that use it one after the other. */
export class Pace {
  readonly #bytesPerMs: number;
  /** When the next bytes may be sent. */
  #dueMs = 0;

  /** @param bps in bits per second; 0: no limit */
  constructor(bps: number) {
    this.#bytesPerMs = bps === 0 ? Number.POSITIVE_INFINITY : bps / 8000;
  }

  /** The same bytes, slowly enough. */
  async *slowed(bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const piece of bytes) {
      const waitMs = this.#dueMs - performance.now();
      if (waitMs >= 1) {
        await delay(waitMs);
      }
      this.#dueMs = Math.max(this.#dueMs, performance.now()) + piece.length / this.#bytesPerMs;
      yield piece;
    }
  }
}
