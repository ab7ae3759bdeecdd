import { setTimeout as delay } from 'node:timers/promises';

/** How long a condition may take by default, in milliseconds: far more than it should. */
const PATIENCE_MS = 30_000;
const INTERVAL_MS = 100;

/**
 * Asks until the answer is true. For states that nothing announces, like another process's gauges; where there is an event, wait
 * for that.
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  isRight: (answer: T) => boolean = Boolean,
  milliseconds = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) {
      return answer;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${milliseconds} ms in vain: ${what}; last seen ${JSON.stringify(answer)}`);
    }
    await delay(INTERVAL_MS);
  }
}
