import type { HeaderField, Headers, SipRequest } from '../message/index.ts';
import type { Clock, Timer } from '../transaction/index.ts';
import { hasOptionTag } from './option-tags.ts';

/** How long a session lives without a refresh, in seconds, where we may choose (RFC 4028 §4 recommends it). */
export const SESSION_SECONDS = 1800;
/** The shortest that we accept, in seconds; less gets 422 (RFC 4028 §5). */
export const MIN_SESSION_SECONDS = 90;
/** A peer that knows no timers cannot be told our shortest: its proxy's wish is served down to this, in seconds. */
const FLOOR_SECONDS = 30;
/** No peer may ask for a session of more, in seconds. */
const MAX_SECONDS = 86_400;
/** After a refresh that failed for the moment, in milliseconds. */
const RETRY_MILLISECONDS = 5000;

type Refresher = 'uac' | 'uas';

/** Session-Expires (RFC 4028 §4); undefined where there is none, or a malformed one. */
export function sessionExpires(headers: Headers): { seconds: number; refresher?: Refresher } | undefined {
  const match = /^([0-9]{1,9})[ \t]*(?:;(.*))?$/.exec(headers.get('session-expires') ?? '');
  if (!match) return undefined;
  const refresher = /(?:^|;)[ \t]*refresher[ \t]*=[ \t]*(uac|uas)[ \t]*(?:;|$)/i.exec(match[2] ?? '')?.[1];
  return {
    seconds: Number(match[1]),
    ...(refresher !== undefined && { refresher: refresher.toLowerCase() as Refresher }),
  };
}

/** Min-SE in seconds; undefined where there is none, or none that can be served. */
export function minSession(headers: Headers): number | undefined {
  const seconds = Number(/^([0-9]{1,9})[ \t]*(?:;.*)?$/.exec(headers.get('min-se') ?? '')?.[1] ?? Number.NaN);
  return seconds <= MAX_SECONDS ? seconds : undefined;
}

/** The Min-SE field to refuse an INVITE or UPDATE with (422), where the session that it asks for is too short. */
export function sessionTooShort(request: SipRequest): HeaderField | undefined {
  const asked = sessionExpires(request.headers);
  const isShort =
    asked !== undefined && asked.seconds < MIN_SESSION_SECONDS && supportsTimer(request.headers);
  return isShort ? ['min-se', String(MIN_SESSION_SECONDS)] : undefined;
}

/** What a session lives by. */
export interface SessionTerms {
  readonly seconds: number;
  /** Whether we refresh it, or the peer does. */
  readonly ours: boolean;
}

/** What our 2xx of an INVITE or UPDATE says (RFC 4028 §9); undefined where nobody wants a session timer. */
export function answerTerms(request: SipRequest): (SessionTerms & { fields: HeaderField[] }) | undefined {
  const asked = sessionExpires(request.headers);
  const isSupported = supportsTimer(request.headers);
  if (!asked && !isSupported) return undefined;
  const least = Math.max(FLOOR_SECONDS, minSession(request.headers) ?? 0);
  const seconds = Math.max(Math.min(asked?.seconds ?? SESSION_SECONDS, SESSION_SECONDS), least);
  // Left to us, we do it: then it is sure to be done.
  const refresher = isSupported ? (asked?.refresher ?? 'uas') : 'uas';
  const fields: HeaderField[] = [['session-expires', `${seconds};refresher=${refresher}`]];
  if (refresher === 'uac') fields.push(['require', 'timer']);
  return { seconds, ours: refresher === 'uas', fields };
}

function supportsTimer(headers: Headers): boolean {
  return hasOptionTag(headers, 'supported', 'timer') || hasOptionTag(headers, 'require', 'timer');
}

/** Keeps one session alive, or ends it (RFC 4028 §10). Owns its timers; `stop` ends them. */
export class SessionTimer {
  readonly #clock: Clock;
  readonly #refresh: () => void;
  readonly #expired: () => void;
  #terms: SessionTerms | undefined;
  #next: Timer | undefined;
  #end: Timer | undefined;

  /** `refresh`: our turn; start() says that it worked, retry() that it did not. `expired`: nobody refreshed in time. */
  constructor(clock: Clock, refresh: () => void, expired: () => void) {
    this.#clock = clock;
    this.#refresh = refresh;
    this.#expired = expired;
  }

  get terms(): SessionTerms | undefined {
    return this.#terms;
  }

  /** The session lives from now on by these terms; without any, for ever. */
  start(terms: SessionTerms | undefined): void {
    this.stop();
    this.#terms = terms;
    if (!terms) return;
    const { seconds, ours } = terms;
    if (ours) this.#next = this.#clock.after(seconds * 500, this.#refresh);
    this.#end = this.#clock.after((seconds - Math.min(32, seconds / 3)) * 1000, () => {
      this.stop();
      this.#expired();
    });
  }

  /** A refresh failed for the moment. */
  retry(): void {
    this.#next?.cancel();
    if (this.#terms) this.#next = this.#clock.after(RETRY_MILLISECONDS, this.#refresh);
  }

  stop(): void {
    this.#terms = undefined;
    this.#next?.cancel();
    this.#end?.cancel();
  }
}
