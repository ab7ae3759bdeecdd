import type { HeaderField, SipRequest, SipResponse } from '../message/index.ts';
import type { Clock, Timer } from '../transaction/index.ts';
import type { CallEnd } from './call-types.ts';
import type { Outcome } from './in-dialog-client.ts';
import {
  answerTerms,
  MIN_SESSION_SECONDS,
  minSession,
  type SessionTerms,
  SessionTimer,
  sessionExpires,
} from './session-timer.ts';

/** Interval between OPTIONS to a watched phone, in milliseconds. */
const PING_MS = 60_000;

export interface SessionKeeperOptions {
  readonly clock: Clock;
  /** Sends an UPDATE or re-INVITE that changes nothing; undefined while another change of the session is in progress. */
  readonly refresh: () => Promise<Outcome | undefined>;
  /** Sends an OPTIONS in the dialog. */
  readonly ping: () => Promise<Outcome>;
  /** The peer is gone: hang up. */
  readonly onGone: (end: CallEnd) => void;
}

/**
 * Detects dead peers: by session timers (RFC 4028) if they support these, and by OPTIONS while they are watched. Owns its timers; `stop`
 * stops them.
 */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  readonly #timer: SessionTimer;
  #ping: Timer | undefined;
  #watching = false;
  #unreachable = 0;
  #stopped = false;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
    this.#timer = new SessionTimer(
      options.clock,
      () => void this.#refresh(),
      () => options.onGone({ cause: 'timeout', reason: 'the session was not refreshed' }),
    );
  }

  /** The header fields for our re-INVITEs and UPDATEs. */
  get requestFields(): HeaderField[] {
    const { terms } = this.#timer;
    return terms ? [['session-expires', `${terms.seconds};refresher=${terms.ours ? 'uac' : 'uas'}`]] : [];
  }

  /** The agreed session timer, if any. */
  get terms(): SessionTerms | undefined {
    return this.#timer.terms;
  }

  /** Continues the timer of an earlier process, with a whole interval. */
  resume(terms: SessionTerms | undefined): void {
    this.#start(terms);
  }

  /** Restarts the timer when the peer's INVITE or UPDATE is accepted. Returns the header fields of the 2xx. */
  answered(request: SipRequest): HeaderField[] {
    const agreed = answerTerms(request);
    this.#start(agreed);
    return agreed?.fields ?? [];
  }

  /** Restarts the timer when the peer has accepted our INVITE or UPDATE with this 2xx. */
  confirmed(response: SipResponse): void {
    const agreed = sessionExpires(response.headers);
    if (!agreed) {
      // The peer does not support timers.
      this.#start(undefined);
      return;
    }
    const seconds = Math.max(agreed.seconds, MIN_SESSION_SECONDS);
    this.#start({ seconds, ours: agreed.refresher !== 'uas' });
  }

  /** Starts or stops checking the peer every minute. For calls on hold, which send no media. */
  watch(on: boolean): void {
    if (on === this.#watching || this.#stopped) {
      return;
    }
    this.#watching = on;
    this.#unreachable = 0;
    if (on) {
      this.#pingLater();
    } else {
      this.#ping?.cancel();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#watching = false;
    this.#timer.stop();
    this.#ping?.cancel();
  }

  #start(terms: SessionTerms | undefined): void {
    if (!this.#stopped) {
      this.#timer.start(terms);
    }
  }

  async #refresh(): Promise<void> {
    const outcome = await this.#options.refresh().catch(() => undefined);
    const { terms } = this.#timer;
    if (this.#stopped || !terms) {
      return;
    }
    const seconds = outcome?.response && minSession(outcome.response.headers);
    if (outcome && outcome.status < 300) {
      return;
    }
    if (outcome?.status === 422 && seconds !== undefined && seconds > terms.seconds) {
      this.#timer.start({ ...terms, seconds });
    }
    this.#timer.retry();
  }

  #pingLater(): void {
    // After a quick resume and hold, an earlier OPTIONS may be answered only now.
    this.#ping?.cancel();
    this.#ping = this.#options.clock.after(PING_MS, async () => {
      const outcome = await this.#options.ping().catch(() => undefined);
      if (!this.#watching) {
        return;
      }
      // Tolerate one failure, as a connection may be down for a moment. Any response except 408 and 481 shows that the phone is alive.
      this.#unreachable = outcome?.response ? 0 : this.#unreachable + 1;
      if (outcome?.status === 408 || outcome?.status === 481 || this.#unreachable > 1) {
        this.#options.onGone({ cause: 'timeout', reason: 'the peer no longer answers' });
      } else {
        this.#pingLater();
      }
    });
  }
}
