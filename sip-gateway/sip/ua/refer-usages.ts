import type { HeaderField, SipRequest } from '../message/index.ts';
import type { Clock, Timer } from '../transaction/index.ts';
import type { Outcome } from './in-dialog-client.ts';
import type { ReferNotifier } from './refer-notifier.ts';

/** How a REFER of ours ended: the status of the peer's call to the target, or of its refusal. */
export interface ReferResult {
  readonly status: number;
  readonly reason: string;
}

/** How to answer a request about a subscription. */
export interface Answer {
  readonly status: number;
  readonly headers?: readonly HeaderField[];
  /** Done once the request is answered. */
  afterwards?(): void;
}

/** How long we wait for the outcome of a REFER of ours, in seconds, even if the peer promises more. */
const MAX_WAIT_SECONDS = 180;
/** The same if the peer has not said how long it will notify us: it may never. */
const FIRST_WAIT_SECONDS = 60;
const ALLOWED_EVENTS: HeaderField = ['allow-events', 'refer'];
const SIPFRAG_STATUS = /^SIP\/2\.0 ([1-6][0-9]{2})(?: ([^\r\n]{0,100}))?/;

/** Our REFER, until its outcome is known. */
interface Pending {
  finish(result: ReferResult): void;
  timer: Timer;
}

/** The subscriptions in one call's dialog that REFERs create (RFC 3515): the peer's to our calls, and ours to the peer's. */
export class ReferUsages {
  readonly #clock: Clock;
  /** What the peer has asked for, by the id of the event. The first one in a dialog has none. */
  readonly #notifiers = new Map<number | undefined, ReferNotifier>();
  #wasReferred = false;
  #pending: Pending | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the outcome of a REFER of ours is awaited. */
  get isReferring(): boolean {
    return this.#pending !== undefined;
  }

  /** The id that the event of the peer's REFER with this sequence number needs: none for the first one (RFC 3515 §2.4.6). */
  idOf(sequence: number): number | undefined {
    return this.#wasReferred ? sequence : undefined;
  }

  add(id: number | undefined, notifier: ReferNotifier): void {
    this.#wasReferred = true;
    for (const [each, { isOver }] of this.#notifiers) {
      if (isOver) {
        this.#notifiers.delete(each);
      }
    }
    this.#notifiers.set(id, notifier);
  }

  /**
   * Sends our REFER and resolves with its outcome: 202 if the peer will not tell, 408 if it does not in time. Rejects as `send` does. Call it
   * only while none is pending.
   */
  refer(send: () => Promise<Outcome>): Promise<ReferResult> {
    return new Promise((resolve, reject) => {
      const finish = (result: ReferResult) => {
        this.#pending?.timer.cancel();
        this.#pending = undefined;
        resolve(result);
      };
      // The first NOTIFY may overtake the response.
      this.#pending = { finish, timer: this.#timeout(FIRST_WAIT_SECONDS) };
      send().then(
        ({ status, reason, response }) => {
          if (status >= 300) {
            finish({ status, reason });
          } else if (/^[ \t]*false[ \t]*(?:;|$)/i.test(response?.headers.get('refer-sub') ?? '')) {
            finish({ status: 202, reason: 'Accepted' });
          }
        },
        (error: unknown) => {
          this.close();
          reject(error);
        },
      );
    });
  }

  /** The call has ended: nothing more will be heard. */
  close(): void {
    this.#pending?.finish({ status: 202, reason: 'Accepted' });
  }

  /** The peer refreshes or ends its subscription to a call that it asked for (RFC 6665 §4.2.1). */
  receiveSubscribe(request: SipRequest): Answer {
    const event = eventOf(request);
    if (event?.name !== 'refer') {
      return { status: 489, headers: [ALLOWED_EVENTS] };
    }
    const notifier = this.#notifiers.get(event.id);
    const expires = /^[ \t]*([0-9]{1,10})[ \t]*$/.exec(request.headers.get('expires') ?? '')?.[1];
    const seconds = notifier?.refresh(expires === undefined ? undefined : Number(expires));
    if (!notifier || seconds === undefined) {
      return { status: 481 };
    }
    return {
      status: 200,
      headers: [['expires', String(seconds)]],
      afterwards: () => notifier.repeat(),
    };
  }

  /** The peer tells how the call gets on that we asked for. */
  receiveNotify(request: SipRequest): Answer {
    const event = eventOf(request);
    if (event?.name !== 'refer') {
      return { status: 489, headers: [ALLOWED_EVENTS] };
    }
    const pending = this.#pending;
    if (!pending) {
      return { status: 481 };
    }
    const [, status, reason = ''] = SIPFRAG_STATUS.exec(request.body.toString('utf8', 0, 256)) ?? [];
    const state = request.headers.get('subscription-state') ?? '';
    const isOver = /^[ \t]*terminated/i.test(state);
    if (Number(status) >= 200) {
      return { status: 200, afterwards: () => pending.finish({ status: Number(status), reason }) };
    }
    if (isOver) {
      return { status: 200, afterwards: () => pending.finish({ status: 408, reason: 'No Result' }) };
    }
    const seconds = Number(
      /;[ \t]*expires[ \t]*=[ \t]*([0-9]{1,10})/i.exec(state)?.[1] ?? FIRST_WAIT_SECONDS,
    );
    pending.timer.cancel();
    pending.timer = this.#timeout(Math.min(Math.max(seconds, 1), MAX_WAIT_SECONDS));
    return { status: 200 };
  }

  #timeout(seconds: number): Timer {
    return this.#clock.after(seconds * 1000, () =>
      this.#pending?.finish({ status: 408, reason: 'No Result' }),
    );
  }
}

/** The event of a request (RFC 6665 §8.2.1); undefined if it is missing or malformed. */
function eventOf({ headers }: SipRequest): { name: string; id: number | undefined } | undefined {
  const field = headers.get('event') ?? '';
  const [, name, , id] =
    /^[ \t]*([A-Za-z0-9.-]+)[ \t]*(;[ \t]*id[ \t]*=[ \t]*([0-9]{1,10}))?/.exec(field) ?? [];
  return name === undefined
    ? undefined
    : { name: name.toLowerCase(), id: id === undefined ? undefined : Number(id) };
}
