/** A timer that can be stopped; stopping twice does nothing. */
export interface Timer {
  cancel(): void;
}

/** The time, injected so that transactions and dialogs can be tested to the millisecond. */
export interface Clock {
  /** Milliseconds from any origin, monotonic. */
  now(): number;
  /** Calls back once after so many milliseconds. */
  after(milliseconds: number, callback: () => void): Timer;
}

/** The real clock. Its timers do not keep the process alive: the sockets do. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
