import { isCallRoom } from '../../../contract/index.ts';
import type { Kernel } from '../../kernel/index.ts';
import type { Chats } from './chats.ts';

/** How often old messages are deleted, in milliseconds. */
const RUN_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** How long messages are kept unless the room's settings say otherwise, in days. */
const DEFAULT_DAYS = 30;

/** Deletes messages and files that are older than their room's settings permit, and what is left of forgotten rooms, every hour. */
export class Retention {
  readonly #kernel: Pick<Kernel, 'rooms' | 'log'>;
  readonly #chats: Chats;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(kernel: Pick<Kernel, 'rooms' | 'log'>, chats: Chats) {
    this.#kernel = kernel;
    this.#chats = chats;
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
    const { store } = this.#chats;
    // One day is the shortest retention.
    for (const roomId of await store.roomsBefore(nowMs - DAY_MS)) {
      // The chat of a direct call goes with its room, unless the database was away then.
      const { chatDays = DEFAULT_DAYS } = isCallRoom(roomId)
        ? { chatDays: 1 }
        : await this.#kernel.rooms.record(roomId);
      while (!this.#closed && (await store.deleteBefore(roomId, nowMs - chatDays * DAY_MS))) {
        // Let others work in between.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await this.#deleteOldFiles(nowMs);
    await store.files.sweep();
    for (const roomId of await store.abandoned()) {
      // A room that has just been opened is not in the store yet.
      if (!this.#closed && !this.#kernel.rooms.find(roomId)) {
        await this.#chats.clear(roomId, undefined);
      }
    }
  }

  async #deleteOldFiles(nowMs: number): Promise<void> {
    const { records } = this.#chats.store.files;
    for (const roomId of await records.roomsBefore(nowMs - DAY_MS)) {
      const { fileDays } = await this.#kernel.rooms.record(roomId);
      if (fileDays === undefined) {
        continue;
      }
      for (const [seq, fileIds] of await records.before(roomId, nowMs - fileDays * DAY_MS)) {
        if (this.#closed) {
          return;
        }
        await this.#chats.expireFiles(roomId, this.#kernel.rooms.find(roomId), seq, fileIds);
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
