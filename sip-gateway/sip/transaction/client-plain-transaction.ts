import type { SipResponse } from '../message/index.ts';
import { ClientTransaction } from './client-transaction.ts';

/** Non-INVITE client transaction (RFC 3261 §17.1.2): timers E, F and K. */
export class ClientPlainTransaction extends ClientTransaction {
  #state: 'trying' | 'proceeding' | 'completed' = 'trying';

  get state(): string {
    return this.terminated ? 'terminated' : this.#state;
  }

  begin(): void {
    const { t1 } = this.context.timers;
    this.send(this.request);
    if (!this.context.reliable) {
      this.#retransmitAfter(t1);
    }
    this.start('F', 64 * t1, () => this.fail('timeout'));
  }

  receive(response: SipResponse): void {
    if (this.terminated || this.#state === 'completed') {
      return;
    }
    if (response.status < 200) {
      this.#state = 'proceeding';
    } else {
      this.#state = 'completed';
      this.stop('E', 'F');
    }
    this.handlers.onResponse(response);
    if (this.#state === 'completed') {
      this.linger('K', this.context.reliable ? 0 : this.context.timers.t4);
    }
  }

  protected get waiting(): boolean {
    return this.#state !== 'completed';
  }

  #retransmitAfter(milliseconds: number): void {
    const { t2 } = this.context.timers;
    this.start('E', milliseconds, () => {
      this.send(this.request);
      // After a provisional response the interval is T2 (RFC 3261 §17.1.2.2).
      this.#retransmitAfter(this.#state === 'proceeding' ? t2 : Math.min(milliseconds * 2, t2));
    });
  }
}
