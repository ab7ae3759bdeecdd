import type { Kernel } from '../../kernel/index.ts';
import type { Polls } from './polls.ts';

/** How often old polls are deleted, in milliseconds. */
const RUN_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** How long polls are kept unless the room's settings say otherwise, in days: as long as messages. */
const DEFAULT_DAYS = 30;
/** How long to wait after a failure, and the longest time between two looks at the deadlines, in milliseconds. */
const RETRY_MS = 10_000;
const MAX_WAIT_MS = 86_400_000;

/** Closes polls when their time is over, whether or not their rooms are open, and deletes those older than their rooms keep them. */
export class PollClock {
  readonly #kernel: Pick<Kernel, 'rooms' | 'log'>;
  readonly #polls: Polls;
  readonly #retention: NodeJS.Timeout;
  #deadline: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(kernel: Pick<Kernel, 'rooms' | 'log'>, polls: Polls) {
    this.#kernel = kernel;
    this.#polls = polls;
    this.#retention = setInterval(() => this.#queue(() => this.deleteOld()), RUN_MS);
    this.#retention.unref();
    this.check();
  }

  /** Looks for deadlines: a poll was opened. */
  check(): void {
    this.#queue(() => this.#closeOverdue());
  }

  /** @param nowMs Unix time in milliseconds */
  async deleteOld(nowMs = Date.now()): Promise<void> {
    const { store } = this.#polls;
    // One day is the shortest retention.
    for (const roomId of await store.roomsBefore(nowMs - DAY_MS)) {
      const { chatDays = DEFAULT_DAYS } = await this.#kernel.rooms.record(roomId);
      for (const pollId of await store.before(roomId, nowMs - chatDays * DAY_MS)) {
        if (this.#closed) {
          return;
        }
        await this.#polls.remove(roomId, pollId);
        // Let others work in between.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await store.forgetViewers();
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#retention);
    clearTimeout(this.#deadline);
    await this.#running;
  }

  async #closeOverdue(): Promise<void> {
    const { store } = this.#polls;
    for (const { room_id, poll_id } of await store.overdue(Date.now())) {
      await this.#polls.end(room_id, poll_id);
    }
    const nextMs = await store.nextDeadlineMs();
    if (nextMs !== undefined) {
      this.#wait(nextMs - Date.now());
    }
  }

  #wait(milliseconds: number): void {
    clearTimeout(this.#deadline);
    if (!this.#closed) {
      this.#deadline = setTimeout(() => this.check(), Math.min(MAX_WAIT_MS, Math.max(0, milliseconds)));
      this.#deadline.unref();
    }
  }

  #queue(work: () => Promise<void>): void {
    this.#running = this.#running.then(async () => {
      if (this.#closed) {
        return;
      }
      try {
        await work();
      } catch (error) {
        this.#kernel.log.warn({ err: error }, 'cannot close or delete polls; trying again');
        this.#wait(RETRY_MS);
      }
    });
  }
}
