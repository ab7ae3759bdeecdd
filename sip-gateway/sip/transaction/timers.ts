/** The base values of RFC 3261 §17.1.1.1 (table 4), in milliseconds. */
export interface TimerValues {
  /** Round-trip estimate. Default 500. */
  readonly t1: number;
  /** Maximum retransmission interval, except for INVITE requests. Default 4,000. */
  readonly t2: number;
  /** Maximum lifetime of a message in the network. Default 5,000. */
  readonly t4: number;
}

export const DEFAULT_TIMERS: TimerValues = { t1: 500, t2: 4000, t4: 5000 };

/** Timer D on unreliable transports: at least 32 s (RFC 3261 §17.1.1.2). */
export function timerD({ t1 }: TimerValues): number {
  return Math.max(32_000, 64 * t1);
}
