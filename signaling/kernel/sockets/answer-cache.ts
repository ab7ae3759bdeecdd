import { LRUCache } from 'lru-cache';
import type { Answer } from '../../../contract/index.ts';
import type { Holder, NestedBudget } from '../budgets/index.ts';

/** More than a client has in flight when its connection breaks. */
const ANSWERS_PER_DEVICE = 128;
const DEVICES = 10_000;
const ANSWER_MS = 60_000;

interface Kept {
  answer: Promise<Answer<unknown>>;
  release(): void;
}

/**
 * Caches the answers of the last minute for retries, counted in bytes. A device that fills its share loses its own oldest answers. If the
 * share of its account, link, network or the server is full, the answer is not cached.
 */
export class AnswerCache {
  readonly #budget: NestedBudget;
  readonly #devices = new LRUCache<string, LRUCache<string, Kept>>({
    max: DEVICES,
    ttl: ANSWER_MS,
    updateAgeOnGet: true,
    // Answers of devices that left must not stay until others evict them.
    ttlAutopurge: true,
    dispose: (answers) => answers.clear(),
  });

  constructor(budget: NestedBudget) {
    this.#budget = budget;
  }

  /** The answer to a device's request, even if still pending. */
  find(deviceId: string, key: string): Promise<Answer<unknown>> | undefined {
    return this.#devices.get(deviceId)?.get(key)?.answer;
  }

  /** Caches a pending answer; never rejects. Once settled, the answer stays unless the same request may succeed later or never ran. */
  async keep(
    holder: Holder & { device: string },
    key: string,
    answer: Promise<Answer<unknown>>,
  ): Promise<void> {
    const answers = this.#answersOf(holder.device);
    const kept: Kept = { answer, release: () => undefined };
    answers.set(key, kept);
    const settled = await answer;
    if (answers.peek(key) !== kept) {
      return;
    }
    // Marks this answer as most recently used, so that making space evicts it last.
    answers.get(key);
    const bytes = JSON.stringify(settled).length * 2;
    if (
      (settled.ok || !(settled.error.retryable || settled.error.code === 'BAD_REQUEST')) &&
      this.#makeSpace(holder, bytes, answers)
    ) {
      kept.release = this.#budget.take(holder, bytes);
    } else {
      answers.delete(key);
    }
  }

  /** Drops the device's own oldest answers until this one fits; false if it still does not fit. */
  #makeSpace(holder: Holder, bytes: number, answers: LRUCache<string, Kept>): boolean {
    while (this.#budget.exceeded(holder, bytes) !== undefined) {
      if (answers.size <= 1) {
        return false;
      }
      answers.pop();
    }
    return true;
  }

  #answersOf(deviceId: string): LRUCache<string, Kept> {
    let answers = this.#devices.get(deviceId);
    if (!answers) {
      answers = new LRUCache({
        max: ANSWERS_PER_DEVICE,
        ttl: ANSWER_MS,
        dispose: ({ release }) => release(),
      });
      this.#devices.set(deviceId, answers);
    }
    return answers;
  }
}
