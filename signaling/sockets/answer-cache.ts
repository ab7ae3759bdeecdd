import { LRUCache } from 'lru-cache';
import type { Holder, NestedBudget } from '../budgets/index.ts';
import type { Answer } from '../protocol/index.ts';

/** More than a client has under way when its connection breaks. */
const ANSWERS_PER_DEVICE = 128;
const DEVICES = 10_000;
const ANSWER_MS = 60_000;

interface Kept {
  answer: Promise<Answer<unknown>>;
  release(): void;
}

/**
 * Answers of the last minute, for retries. Counted in bytes: whoever fills their share loses their own oldest answers, and where that of
 * their account, link, network or the server is full the answer is not kept.
 */
export class AnswerCache {
  readonly #budget: NestedBudget;
  readonly #devices = new LRUCache<string, LRUCache<string, Kept>>({
    max: DEVICES,
    ttl: ANSWER_MS,
    updateAgeOnGet: true,
    // Answers of devices that have gone must not stay until others push them out.
    ttlAutopurge: true,
    dispose: (answers) => answers.clear(),
  });

  constructor(budget: NestedBudget) {
    this.#budget = budget;
  }

  /** The answer to a request of a device, also while it is being made. */
  find(deviceId: string, key: string): Promise<Answer<unknown>> | undefined {
    return this.#devices.get(deviceId)?.get(key)?.answer;
  }

  /** Keeps an answer that is being made, and never rejects; afterwards it stays unless the same request may succeed later or was never run. */
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
    // To be the last that makes way for itself.
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

  /** Drops the device's own oldest answers until this one fits; false when it does not even then. */
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
