import type { SipRequest, SipResponse } from '../message/index.ts';
import { Transaction, type TransactionContext } from './transaction.ts';

/** Callbacks of a client transaction. */
export interface ClientHandlers {
  /** Called for each response except retransmissions; to an INVITE also for each 2xx, of every fork. */
  onResponse(response: SipResponse): void;
  /** There was no final response in 64·T1 (timer B or F), or the transport failed. RFC 3261 §8.1.3.1 treats these as 408 and 503. */
  onFailure(reason: 'timeout' | 'transport', error?: Error): void;
}

/** Base class of both client transactions. */
export abstract class ClientTransaction extends Transaction {
  readonly request: SipRequest;
  protected readonly send: (request: SipRequest) => void;
  protected readonly handlers: ClientHandlers;

  constructor(
    context: TransactionContext,
    request: SipRequest,
    send: (request: SipRequest) => void,
    handlers: ClientHandlers,
  ) {
    super(context);
    this.request = request;
    this.send = send;
    this.handlers = handlers;
  }

  abstract get state(): string;

  /** Whether there is no final response yet. */
  protected abstract get waiting(): boolean;

  abstract begin(): void;

  abstract receive(response: SipResponse): void;

  /** Ends the transaction. Calls onFailure() unless there was a final response. */
  fail(reason: 'timeout' | 'transport', error?: Error): void {
    if (this.terminated) {
      return;
    }
    const { waiting } = this;
    this.terminate();
    if (waiting) {
      this.handlers.onFailure(reason, error);
    }
  }
}
