import type { Clock, Timer, TimerValues } from '../transaction/index.ts';

/**
 * Sends a response, and retransmits it until stop() is called: a 2xx to INVITE until the ACK (RFC 3261 §13.3.1.4, on reliable transports,
 * too), reliable provisional responses until the PRACK (RFC 3262 §3).
 */
export class Retransmission {
  readonly #limit: Timer;
  #next: Timer | undefined;

  constructor(options: {
    clock: Clock;
    timers: TimerValues;
    /** Maximum interval, in milliseconds: T2 for a 2xx, infinite for provisional responses. */
    maxMs: number;
    send: () => void;
    /** stop() was not called within 64·T1. */
    onGivenUp: () => void;
  }) {
    const { clock, timers, maxMs, send, onGivenUp } = options;
    const later = (milliseconds: number) => {
      this.#next = clock.after(milliseconds, () => {
        send();
        later(Math.min(milliseconds * 2, maxMs));
      });
    };
    send();
    later(timers.t1);
    this.#limit = clock.after(64 * timers.t1, () => {
      this.stop();
      onGivenUp();
    });
  }

  stop(): void {
    this.#next?.cancel();
    this.#limit.cancel();
  }
}
