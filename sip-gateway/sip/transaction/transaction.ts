import type { Clock, Timer } from './clock.ts';
import type { TimerValues } from './timers.ts';

/** Dependencies of a transaction. */
export interface TransactionContext {
  readonly clock: Clock;
  readonly timers: TimerValues;
  /** The transport is reliable: nothing is retransmitted, and there is no lingering. */
  readonly reliable: boolean;
  /** Called once when the transaction has ended. */
  readonly onTerminated: () => void;
}

/** Base class of the four transaction state machines: named timers and termination. */
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

  /** Starts a timer by its letter in RFC 3261 table 4. Replaces one of the same name. */
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

  /** Ends the transaction after this time; at once if it is 0, as on reliable transports. */
  protected linger(name: string, milliseconds: number): void {
    if (milliseconds === 0) {
      this.terminate();
    } else {
      this.start(name, milliseconds, () => this.terminate());
    }
  }

  /** Ends the transaction and stops its timers. Idempotent. */
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
