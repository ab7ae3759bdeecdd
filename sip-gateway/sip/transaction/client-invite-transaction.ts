import {
  formatNameAddr,
  type HeaderField,
  Headers,
  type SipRequest,
  type SipResponse,
} from '../message/index.ts';
import { ClientTransaction } from './client-transaction.ts';
import { timerD } from './timers.ts';

/**
 * INVITE client transaction (RFC 3261 §17.1.1, with the accepted state of RFC 6026). Retransmits by timer A, times out by timer B,
 * acknowledges failures itself, and passes on each 2xx for 64·T1 (timer M).
 */
export class ClientInviteTransaction extends ClientTransaction {
  #state: 'calling' | 'proceeding' | 'accepted' | 'completed' = 'calling';
  #ack: SipRequest | undefined;

  get state(): string {
    return this.terminated ? 'terminated' : this.#state;
  }

  begin(): void {
    const { t1 } = this.context.timers;
    this.send(this.request);
    if (!this.context.reliable) {
      this.#retransmitAfter(t1);
    }
    this.start('B', 64 * t1, () => this.fail('timeout'));
  }

  /** Continues a transaction of an earlier process, which may have had a provisional response: nothing is sent. */
  resume(): void {
    this.#state = 'proceeding';
    this.start('B', 64 * this.context.timers.t1, () => this.fail('timeout'));
  }

  receive(response: SipResponse): void {
    if (this.terminated) {
      return;
    }
    const { status } = response;
    if (this.#state === 'completed') {
      if (status >= 300 && this.#ack) {
        this.send(this.#ack);
      }
      return;
    }
    if (this.#state === 'accepted') {
      if (status >= 200 && status < 300) {
        this.handlers.onResponse(response);
      }
      return;
    }
    this.stop('A', 'B');
    if (status < 200) {
      this.#state = 'proceeding';
    } else if (status < 300) {
      this.#state = 'accepted';
      this.start('M', 64 * this.context.timers.t1, () => this.terminate());
    } else {
      this.#state = 'completed';
      this.#ack = ackForFailure(this.request, response);
      this.send(this.#ack);
      this.handlers.onResponse(response);
      this.linger('D', this.context.reliable ? 0 : timerD(this.context.timers));
      return;
    }
    this.handlers.onResponse(response);
  }

  protected get waiting(): boolean {
    return this.#state === 'calling' || this.#state === 'proceeding';
  }

  #retransmitAfter(milliseconds: number): void {
    this.start('A', milliseconds, () => {
      this.send(this.request);
      this.#retransmitAfter(milliseconds * 2);
    });
  }
}

/** The ACK of a 3xx–6xx (RFC 3261 §17.1.1.3), with branch, Request-URI and Route of the INVITE, and To of the response. */
function ackForFailure(invite: SipRequest, response: SipResponse): SipRequest {
  const via = invite.headers.get('via');
  const fields: HeaderField[] = [
    ['via', via ?? ''],
    ['max-forwards', '70'],
    ['from', formatNameAddr(invite.from)],
    ['to', response.headers.get('to') ?? formatNameAddr(response.to)],
    ['call-id', invite.callId],
    ['cseq', `${invite.cseq.number} ACK`],
    ...invite.headers.all('route').map((route): HeaderField => ['route', route]),
  ];
  return {
    ...invite,
    method: 'ACK',
    to: response.to,
    cseq: { number: invite.cseq.number, method: 'ACK' },
    headers: new Headers(fields),
    body: Buffer.alloc(0),
  };
}
