/** A timer. */
export interface Timer {
  /** Idempotent. */
  cancel(): void;
}

/** A clock. It is injected, so that tests can control time exactly. */
export interface Clock {
  /** Milliseconds from any origin, monotonic. */
  now(): number;
  /** Calls back once after this time. */
  after(milliseconds: number, callback: () => void): Timer;
}

/** The real clock. Its timers do not keep the process alive; the sockets do. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
