import type { Clock } from './clock.ts';

/** A clock for tests: time passes only in `advance`, and timers fire in order at their exact time. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  #timers: { at: number; order: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): { cancel(): void } {
    const timer = { at: this.#now + milliseconds, order: this.#order++, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Number of pending timers. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Advances the time and fires the timers that are due. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const [next] = this.#timers
        .filter((timer) => timer.at <= until)
        .sort((a, b) => a.at - b.at || a.order - b.order);
      if (!next) {
        break;
      }
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = next.at;
      next.callback();
    }
    this.#now = until;
  }
}
