import { buildResponse, type SipRequest, type SipResponse, tagOf } from '../message/index.ts';
import { Transaction, type TransactionContext } from './transaction.ts';

/** When the transaction itself sends a 100, in milliseconds (RFC 3261 §17.2.1). */
const TRYING_MS = 200;

/**
 * INVITE server transaction (RFC 3261 §17.2.1 with the accepted state of RFC 6026): timers G, H and I for failures, L after a
 * 2xx, whose retransmission is the user's (RFC 3261 §13.3.1.4).
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

  /** The To tag of the last response, if it had one. */
  get toTag(): string | undefined {
    return this.#last && tagOf(this.#last.to);
  }

  /** True until a final response was given. */
  get pending(): boolean {
    return !this.terminated && this.#state === 'proceeding';
  }

  begin(): void {
    this.start('trying', TRYING_MS, () => this.respond(buildResponse(this.request, 100)));
  }

  /**
   * Sends a response. After a final one, only the same 2xx may follow (its retransmission). `once`: a failure is resent only when the
   * INVITE is, for a source that may be forged (threat 61).
   */
  respond(response: SipResponse, { once = false }: { once?: boolean } = {}): void {
    if (this.terminated) return;
    const { status } = response;
    const success = status >= 200 && status < 300;
    if (this.#state === 'accepted' && success) {
      this.#send(response);
      return;
    }
    if (this.#state !== 'proceeding') return;
    this.stop('trying');
    this.#last = response;
    this.#send(response);
    const { t1 } = this.context.timers;
    if (success) {
      this.#state = 'accepted';
      this.start('L', 64 * t1, () => this.terminate());
    } else if (status >= 300) {
      this.#state = 'completed';
      if (!this.context.reliable && !once) this.#retransmitAfter(t1);
      this.start('H', 64 * t1, () => this.terminate());
    }
  }

  /** Answers like a stateless server (RFC 3261 §8.2.7): one response per request, no state kept. */
  respondStateless(response: SipResponse): void {
    if (!this.pending) return;
    this.#last = response;
    this.#send(response);
    this.terminate();
  }

  /** A retransmission of the INVITE. */
  receiveRetransmission(): void {
    if (this.terminated || this.#state === 'accepted' || this.#state === 'confirmed') return;
    if (this.#last) this.#send(this.#last);
  }

  /** An ACK that matched. Returns false where it is the user's: the ACK of a 2xx. */
  receiveAck(): boolean {
    if (this.#state === 'accepted') return false;
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
      if (this.#last) this.#send(this.#last);
      this.#retransmitAfter(Math.min(milliseconds * 2, t2));
    });
  }
}
