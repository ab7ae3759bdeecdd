export interface BackoffOptions {
  /** Longest delay before the first retry, in milliseconds. */
  firstMs: number;
  /** Longest delay before any retry, in milliseconds. */
  mostMs: number;
}

/**
 * Delay before retry number `attempt` (from 0), in milliseconds: a random point in the upper half of an exponentially growing window, so
 * that the clients of a failed server do not all return at once, and none returns too early.
 */
export function backoffMs(
  attempt: number,
  { firstMs, mostMs }: BackoffOptions,
  random: () => number = Math.random,
): number {
  const windowMs = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30));
  return windowMs / 2 + (random() * windowMs) / 2;
}
