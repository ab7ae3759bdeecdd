import { setTimeout as delay } from 'node:timers/promises';

/** Default time limit for a condition, in milliseconds: far more than it should take. */
const PATIENCE_MS = 30_000;
const INTERVAL_MS = 100;

/**
 * Polls until the answer is right. For states without events, like another process's gauges; if there is an event, wait for it instead.
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
      throw new Error(`timed out after ${milliseconds} ms: ${what}; last seen ${JSON.stringify(answer)}`);
    }
    await delay(INTERVAL_MS);
  }
}
