export interface BackoffOptions {
  /** Largest delay before the first retry, in milliseconds. */
  firstMs: number;
  /** No delay is longer, in milliseconds. */
  mostMs: number;
}

/**
 * How long to wait before retry number `attempt` (0 is the first), in milliseconds: anywhere in the upper half of an exponentially growing
 * window, so that a thousand clients of one failed server don't come back at once and none comes back too early.
 */
export function backoffMs(
  attempt: number,
  { firstMs, mostMs }: BackoffOptions,
  random: () => number = Math.random,
): number {
  const windowMs = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30));
  return windowMs / 2 + (random() * windowMs) / 2;
}
