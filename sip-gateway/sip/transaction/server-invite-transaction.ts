import { buildResponse, type SipRequest, type SipResponse, tagOf } from '../message/index.ts';
import { Transaction, type TransactionContext } from './transaction.ts';

/** The transaction sends a 100 after this time, in milliseconds (RFC 3261 §17.2.1). */
const TRYING_MS = 200;

/**
 * INVITE server transaction (RFC 3261 §17.2.1, with the accepted state of RFC 6026). Timers G, H and I for failures, and L after a 2xx,
 * which the transaction user retransmits (RFC 3261 §13.3.1.4).
 */
export class ServerInviteTransaction extends Transaction {
  readonly request: SipRequest;
  readonly #send: (response: SipResponse) => void;
  #state: 'proceeding' | 'accepted' | 'completed' | 'confirmed' = 'proceeding';
  #last: SipResponse | undefined;

  constructor(context: TransactionContext, request: SipRequest, send: (response: SipResponse) => void) {
    super(context);
    this.request = request;
    this.#send = send;
  }

  get state(): string {
    return this.terminated ? 'terminated' : this.#state;
  }

  /** The To tag of the last response, if any. */
  get toTag(): string | undefined {
    return this.#last && tagOf(this.#last.to);
  }

  /** True until a final response is sent. */
  get pending(): boolean {
    return !this.terminated && this.#state === 'proceeding';
  }

  begin(): void {
    this.start('trying', TRYING_MS, () => this.respond(buildResponse(this.request, 100)));
  }

  /**
   * Sends a response. After a 2xx, only its retransmissions may follow; after a failure, nothing. `once`: retransmits a failure only in
   * reply to a retransmitted INVITE, because the source may be forged (threat 61).
   */
  respond(response: SipResponse, { once = false }: { once?: boolean } = {}): void {
    if (this.terminated) {
      return;
    }
    const { status } = response;
    const success = status >= 200 && status < 300;
    if (this.#state === 'accepted' && success) {
      this.#send(response);
      return;
    }
    if (this.#state !== 'proceeding') {
      return;
    }
    this.stop('trying');
    this.#last = response;
    this.#send(response);
    const { t1 } = this.context.timers;
    if (success) {
      this.#state = 'accepted';
      this.start('L', 64 * t1, () => this.terminate());
    } else if (status >= 300) {
      this.#state = 'completed';
      if (!this.context.reliable && !once) {
        this.#retransmitAfter(t1);
      }
      this.start('H', 64 * t1, () => this.terminate());
    }
  }

  /** Sends one response and ends, like a stateless server (RFC 3261 §8.2.7). */
  respondStateless(response: SipResponse): void {
    if (!this.pending) {
      return;
    }
    this.#last = response;
    this.#send(response);
    this.terminate();
  }

  /** Handles a retransmission of the INVITE. */
  receiveRetransmission(): void {
    if (this.terminated || this.#state === 'accepted' || this.#state === 'confirmed') {
      return;
    }
    if (this.#last) {
      this.#send(this.#last);
    }
  }

  /** Handles an ACK that matched. Returns false for the ACK of a 2xx, which is for the transaction user. */
  receiveAck(): boolean {
    if (this.#state === 'accepted') {
      return false;
    }
    if (this.#state === 'completed') {
      this.#state = 'confirmed';
      this.stop('G', 'H');
      this.linger('I', this.context.reliable ? 0 : this.context.timers.t4);
    }
    return true;
  }

  #retransmitAfter(milliseconds: number): void {
    const { t2 } = this.context.timers;
    this.start('G', milliseconds, () => {
      if (this.#last) {
        this.#send(this.#last);
      }
      this.#retransmitAfter(Math.min(milliseconds * 2, t2));
    });
  }
}
