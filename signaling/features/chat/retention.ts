import type { Kernel } from '../../kernel/index.ts';
import type { ChatStore } from './chat-store.ts';

/** How often old messages are deleted, in milliseconds. */
const RUN_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** How long messages are kept unless the room's settings say otherwise, in days. */
const DEFAULT_DAYS = 30;

/** Deletes messages that are older than their room's settings permit, every hour. */
export class Retention {
  readonly #kernel: Pick<Kernel, 'rooms' | 'log'>;
  readonly #store: ChatStore;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(kernel: Pick<Kernel, 'rooms' | 'log'>, store: ChatStore) {
    this.#kernel = kernel;
    this.#store = store;
    this.#timer = setInterval(() => {
      this.#running = this.#running
        .then(() => this.run())
        .catch((error: unknown) =>
          kernel.log.warn({ err: error }, 'cannot delete old chat messages; trying again'),
        );
    }, RUN_MS);
    this.#timer.unref();
  }

  /** @param nowMs Unix time in milliseconds */
  async run(nowMs = Date.now()): Promise<void> {
    // One day is the shortest retention.
    for (const roomId of await this.#store.roomsBefore(nowMs - DAY_MS)) {
      const { chatDays = DEFAULT_DAYS } = await this.#kernel.rooms.record(roomId);
      while (!this.#closed && (await this.#store.deleteBefore(roomId, nowMs - chatDays * DAY_MS))) {
        // Let others work in between.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#running;
  }
}
