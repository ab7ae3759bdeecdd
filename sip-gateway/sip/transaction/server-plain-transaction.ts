import type { SipRequest, SipResponse } from '../message/index.ts';
import { Transaction, type TransactionContext } from './transaction.ts';

/** Non-INVITE server transaction (RFC 3261 §17.2.2): timer J. */
export class ServerPlainTransaction extends Transaction {
  readonly request: SipRequest;
  readonly #send: (response: SipResponse) => void;
  #state: 'trying' | 'proceeding' | 'completed' = 'trying';
  #last: SipResponse | undefined;

  constructor(context: TransactionContext, request: SipRequest, send: (response: SipResponse) => void) {
    super(context);
    this.request = request;
    this.#send = send;
  }

  get state(): string {
    return this.terminated ? 'terminated' : this.#state;
  }

  /** True until a final response is sent. */
  get pending(): boolean {
    return !this.terminated && this.#state !== 'completed';
  }

  begin(): void {
    // End even if the transaction user never responds. The client has timed out by then (timer F).
    this.start('user', 64 * this.context.timers.t1, () => this.terminate());
  }

  respond(response: SipResponse): void {
    if (!this.pending) {
      return;
    }
    this.#last = response;
    this.#state = response.status < 200 ? 'proceeding' : 'completed';
    this.#send(response);
    if (this.#state === 'completed') {
      this.stop('user');
      this.linger('J', this.context.reliable ? 0 : 64 * this.context.timers.t1);
    }
  }

  /** Sends one response and ends, like a stateless server (RFC 3261 §8.2.7). */
  respondStateless(response: SipResponse): void {
    if (!this.pending) {
      return;
    }
    this.#send(response);
    this.terminate();
  }

  receiveRetransmission(): void {
    if (!this.terminated && this.#last) {
      this.#send(this.#last);
    }
  }
}
