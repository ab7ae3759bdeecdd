import type { HeaderField, Headers, SipRequest } from '../message/index.ts';
import type { Clock, Timer } from '../transaction/index.ts';
import { hasOptionTag } from './option-tags.ts';

/** The session interval that we request, in seconds, as RFC 4028 §4 recommends. */
export const SESSION_SECONDS = 1800;
/** The minimum interval that we accept, in seconds; a shorter one gets 422 (RFC 4028 §5). */
export const MIN_SESSION_SECONDS = 90;
/** The same if only a proxy supports timers and the caller does not, in seconds: 422 is not allowed then. */
const FLOOR_SECONDS = 30;
/** Maximum Min-SE, in seconds. */
const MAX_SECONDS = 86_400;
/** Delay after a failed refresh, in milliseconds. */
const RETRY_MS = 5000;

type Refresher = 'uac' | 'uas';

/** Session-Expires (RFC 4028 §4); undefined if missing or malformed. */
export function sessionExpires(headers: Headers): { seconds: number; refresher?: Refresher } | undefined {
  const match = /^([0-9]{1,9})[ \t]*(?:;(.*))?$/.exec(headers.get('session-expires') ?? '');
  if (!match) {
    return undefined;
  }
  const refresher = /(?:^|;)[ \t]*refresher[ \t]*=[ \t]*(uac|uas)[ \t]*(?:;|$)/i.exec(match[2] ?? '')?.[1];
  return {
    seconds: Number(match[1]),
    ...(refresher !== undefined && { refresher: refresher.toLowerCase() as Refresher }),
  };
}

/** Min-SE in seconds; undefined if it is missing, malformed or too long. */
export function minSession(headers: Headers): number | undefined {
  const seconds = Number(/^([0-9]{1,9})[ \t]*(?:;.*)?$/.exec(headers.get('min-se') ?? '')?.[1] ?? Number.NaN);
  return seconds <= MAX_SECONDS ? seconds : undefined;
}

/** The Min-SE field of the 422 if the interval of an INVITE or UPDATE is too short; otherwise undefined. */
export function sessionTooShort(request: SipRequest): HeaderField | undefined {
  const requested = sessionExpires(request.headers);
  const isShort =
    requested !== undefined && requested.seconds < MIN_SESSION_SECONDS && supportsTimer(request.headers);
  return isShort ? ['min-se', String(MIN_SESSION_SECONDS)] : undefined;
}

/** The agreed session interval. */
export interface SessionTerms {
  readonly seconds: number;
  /** True if we refresh it, false if the peer does. */
  readonly ours: boolean;
}

/** The terms in our 2xx to an INVITE or UPDATE (RFC 4028 §9); undefined if nobody wants a session timer. */
export function answerTerms(request: SipRequest): (SessionTerms & { fields: HeaderField[] }) | undefined {
  const requested = sessionExpires(request.headers);
  const isSupported = supportsTimer(request.headers);
  if (!requested && !isSupported) {
    return undefined;
  }
  const minSeconds = Math.max(FLOOR_SECONDS, minSession(request.headers) ?? 0);
  const seconds = Math.max(Math.min(requested?.seconds ?? SESSION_SECONDS, SESSION_SECONDS), minSeconds);
  // If the caller leaves the choice to us, we refresh.
  const refresher = isSupported ? (requested?.refresher ?? 'uas') : 'uas';
  const fields: HeaderField[] = [['session-expires', `${seconds};refresher=${refresher}`]];
  if (refresher === 'uac') {
    fields.push(['require', 'timer']);
  }
  return { seconds, ours: refresher === 'uas', fields };
}

function supportsTimer(headers: Headers): boolean {
  return hasOptionTag(headers, 'supported', 'timer') || hasOptionTag(headers, 'require', 'timer');
}

/** The refresh and expiry timers of one session (RFC 4028 §10). `stop` stops them. */
export class SessionTimer {
  readonly #clock: Clock;
  readonly #refresh: () => void;
  readonly #expired: () => void;
  #terms: SessionTerms | undefined;
  #next: Timer | undefined;
  #end: Timer | undefined;

  /** `refresh` must send a refresh, then call start() on success or retry() on failure. `expired`: nobody refreshed in time. */
  constructor(clock: Clock, refresh: () => void, expired: () => void) {
    this.#clock = clock;
    this.#refresh = refresh;
    this.#expired = expired;
  }

  get terms(): SessionTerms | undefined {
    return this.#terms;
  }

  /** Restarts the interval with these terms; without terms the session never expires. */
  start(terms: SessionTerms | undefined): void {
    this.stop();
    this.#terms = terms;
    if (!terms) {
      return;
    }
    const { seconds, ours } = terms;
    if (ours) {
      this.#next = this.#clock.after(seconds * 500, this.#refresh);
    }
    this.#end = this.#clock.after((seconds - Math.min(32, seconds / 3)) * 1000, () => {
      this.stop();
      this.#expired();
    });
  }

  /** Schedules another refresh after a failed one. */
  retry(): void {
    this.#next?.cancel();
    if (this.#terms) {
      this.#next = this.#clock.after(RETRY_MS, this.#refresh);
    }
  }

  stop(): void {
    this.#terms = undefined;
    this.#next?.cancel();
    this.#end?.cancel();
  }
}
