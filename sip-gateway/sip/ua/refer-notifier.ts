import type { HeaderField } from '../message/index.ts';
import type { Clock } from '../transaction/index.ts';

/** How long a peer is notified at most, in seconds: longer than any phone rings. */
const SUBSCRIPTION_SECONDS = 180;
const SIPFRAG = 'message/sipfrag;version=2.0';

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
  readonly #untilMs: number;
  #next: { status: number; reason: string; isLast: boolean } | undefined;
  #latest = 0;
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
    if (status < 200 && status !== this.#latest) {
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

  #put(status: number, reason: string, isLast: boolean): void {
    if (this.#over || this.#isClosed) {
      return;
    }
    this.#latest = status;
    this.#isClosed = isLast;
    this.#next = { status, reason, isLast };
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  async #send(): Promise<void> {
    while (this.#next && !this.#over) {
      const { status, reason, isLast } = this.#next;
      this.#next = undefined;
      const { id, send } = this.#options;
      const headers: HeaderField[] = [
        ['event', id === undefined ? 'refer' : `refer;id=${id}`],
        ['subscription-state', isLast ? 'terminated;reason=noresource' : `active;expires=${this.#seconds}`],
        ['content-type', SIPFRAG],
      ];
      const line = Buffer.from(`SIP/2.0 ${status} ${reason.replace(/[^\x20-\x7e]/g, ' ')}\r\n`);
      const outcome = await send(headers, line).catch(() => undefined);
      this.#over = isLast || outcome === undefined || outcome.status >= 300;
    }
  }

  /** Seconds until the subscription ends. */
  get #seconds(): number {
    return Math.max(1, Math.round((this.#untilMs - this.#options.clock.now()) / 1000));
  }
}
