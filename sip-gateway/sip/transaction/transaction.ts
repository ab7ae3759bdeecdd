import type { Clock, Timer } from './clock.ts';
import type { TimerValues } from './timers.ts';

/** What every transaction gets from outside. */
export interface TransactionContext {
  readonly clock: Clock;
  readonly timers: TimerValues;
  /** Whether the transport is reliable: then nothing is retransmitted and lingering states take no time. */
  readonly reliable: boolean;
  /** The transaction is over; called once. */
  readonly onTerminated: () => void;
}

/** What the four state machines share: named timers and an end. */
export abstract class Transaction {
  protected readonly context: TransactionContext;
  readonly #running = new Map<string, Timer>();
  #terminated = false;

  constructor(context: TransactionContext) {
    this.context = context;
  }

  get terminated(): boolean {
    return this.#terminated;
  }

  /** Starts a timer of RFC 3261 table 4 by its letter, in place of one of the same name that runs. */
  protected start(name: string, milliseconds: number, callback: () => void): void {
    this.stop(name);
    const timer = this.context.clock.after(milliseconds, () => {
      this.#running.delete(name);
      callback();
    });
    this.#running.set(name, timer);
  }

  protected stop(...names: string[]): void {
    for (const name of names) {
      this.#running.get(name)?.cancel();
      this.#running.delete(name);
    }
  }

  /** Ends after the lingering time; at once where it is 0, as on reliable transports. */
  protected linger(name: string, milliseconds: number): void {
    if (milliseconds === 0) {
      this.terminate();
    } else {
      this.start(name, milliseconds, () => this.terminate());
    }
  }

  /** Ends the transaction: stops its timers and tells once. */
  terminate(): void {
    if (this.#terminated) {
      return;
    }
    this.#terminated = true;
    for (const timer of this.#running.values()) {
      timer.cancel();
    }
    this.#running.clear();
    this.context.onTerminated();
  }
}
