import type { HeaderField } from '../message/index.ts';
import type { Clock } from '../transaction/index.ts';

/** How long a peer is notified at most, in seconds: longer than any phone rings. */
const SUBSCRIPTION_SECONDS = 180;
const SIPFRAG = 'message/sipfrag;version=2.0';

/** What is notified. */
interface State {
  readonly status: number;
  readonly reason: string;
  readonly isLast: boolean;
}

export interface ReferNotifierOptions {
  readonly clock: Clock;
  /** CSeq of the REFER if it is not the first one of its dialog (RFC 3515 §2.4.6). */
  readonly id: number | undefined;
  /** The peer wants no NOTIFY. */
  readonly quiet: boolean;
  /** Sends a NOTIFY in the dialog. Works after the call's end too, since the subscription outlives it (RFC 5057 §4). */
  readonly send: (headers: readonly HeaderField[], body: Buffer) => Promise<{ readonly status: number }>;
}

/**
 * Notifies the sender of a REFER how the call that it asked for gets on, by NOTIFY with a sipfrag (RFC 3515 §2.4.4). At most one NOTIFY is
 * on its way at a time, so that they cannot overtake each other; of several statuses meanwhile, the latest is sent. A NOTIFY that fails
 * ends the subscription, but not the transfer.
 */
export class ReferNotifier {
  readonly #options: ReferNotifierOptions;
  #untilMs: number;
  #next: State | undefined;
  #latest: State = { status: 0, reason: '', isLast: false };
  #isClosed = false;
  /** Nothing more can be sent. */
  #over: boolean;
  #sending: Promise<void> | undefined;

  constructor(options: ReferNotifierOptions) {
    this.#options = options;
    this.#untilMs = options.clock.now() + SUBSCRIPTION_SECONDS * 1000;
    this.#over = options.quiet;
    this.progress(100, 'Trying');
  }

  /** Notifies of a provisional response to our INVITE. Repetitions are not sent. */
  progress(status: number, reason: string): void {
    if (status < 200 && status !== this.#latest.status) {
      this.#put(status, reason, false);
    }
  }

  /** Notifies of the final response, which ends the subscription. Idempotent; resolves when nothing more is sent. */
  async finish(status: number, reason: string): Promise<void> {
    this.#put(status, reason, true);
    await this.#sending;
  }

  /**
   * Ends the subscription without a result (RFC 3515 §2.4.5). After a success phones hang up, after a failure some do; after this they keep
   * their call.
   */
  async close(): Promise<void> {
    this.#put(100, 'Trying', true);
    await this.#sending;
  }

  /** Whether nothing more can be sent. */
  get isOver(): boolean {
    return this.#over;
  }

  /**
   * The peer wants to be notified for this time, in seconds; 0: no longer. Default: as long as possible. Returns how long it will be;
   * undefined if the subscription is over. repeat() must follow.
   */
  refresh(seconds = SUBSCRIPTION_SECONDS): number | undefined {
    if (this.#over || this.#isClosed) {
      return undefined;
    }
    const granted = Math.min(seconds, SUBSCRIPTION_SECONDS);
    this.#untilMs = this.#options.clock.now() + granted * 1000;
    return granted;
  }

  /** Notifies of the latest status again: for the last time if the peer wants no more (RFC 6665 §4.2.1.4). */
  repeat(): void {
    if (this.#untilMs <= this.#options.clock.now()) {
      this.#put(this.#latest.status, this.#latest.reason, true);
    } else if (!this.#isClosed) {
      this.#send();
    }
  }

  #put(status: number, reason: string, isLast: boolean): void {
    if (this.#over || this.#isClosed) {
      return;
    }
    this.#latest = { status, reason, isLast };
    this.#isClosed = isLast;
    this.#send();
  }

  #send(): void {
    this.#next = this.#latest;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#next && !this.#over) {
      const { status, reason, isLast } = this.#next;
      this.#next = undefined;
      const { id, send } = this.#options;
      const headers: HeaderField[] = [
        ['event', id === undefined ? 'refer' : `refer;id=${id}`],
        [
          'subscription-state',
          isLast ? `terminated;reason=${this.#endReason}` : `active;expires=${this.#seconds}`,
        ],
        ['content-type', SIPFRAG],
      ];
      const line = Buffer.from(`SIP/2.0 ${status} ${reason.replace(/[^\x20-\x7e]/g, ' ')}\r\n`);
      const outcome = await send(headers, line).catch(() => undefined);
      this.#over = isLast || outcome === undefined || outcome.status >= 300;
    }
  }

  /** Why it ends: the transfer has, or the peer wants no more. */
  get #endReason(): string {
    return this.#untilMs <= this.#options.clock.now() ? 'timeout' : 'noresource';
  }

  /** Seconds until the subscription ends. */
  get #seconds(): number {
    return Math.max(1, Math.round((this.#untilMs - this.#options.clock.now()) / 1000));
  }
}
