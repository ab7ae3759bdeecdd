import { LineLimit, type Logger } from '../base/index.ts';
import type { FailedLogin } from './sip/index.ts';

/** Explanations of refused calls for the operator, by SIP status. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [
    401,
    'no password, or the answer to an expired challenge; calls from the addresses of a trunk need no password',
  ],
  [403, 'wrong password, or too many wrong passwords'],
  [415, 'the body is not SDP'],
  [416, 'the called address is neither a SIP address nor a telephone number'],
  [420, 'the caller requires an extension that is not supported'],
  [422, 'the session timer is too short'],
  [481, 'the request belongs to a call that has ended'],
  [486, 'the phone has reached its maximum number of calls'],
  [503, 'too many calls'],
]);

/** Maximum length of a logged username, in characters: strangers choose it. */
const MAX_NAME_LENGTH = 64;

/**
 * Logs requests that the SIP stack refuses. Refused calls, wrong passwords and lockouts are logged at the default level, but each kind at
 * most once per minute and address, and at most 30 lines per minute in all. Everything else is logged at debug.
 */
export class EdgeLog {
  readonly #log: Logger;
  readonly #shown: LineLimit;

  constructor(log: Logger) {
    this.#log = log;
    this.#shown = new LineLimit(log);
  }

  refused({ method, status, address }: { method: string; status: number; address: string }): void {
    if (method === 'INVITE' && this.#shown.may(`${status} ${address}`)) {
      this.#log.info({ method, status, address, reason: REASONS.get(status) }, 'call refused');
    } else {
      this.#log.debug({ method, status, address }, 'request refused');
    }
  }

  failedLogin({ username, address, lockedNow }: FailedLogin): void {
    const fields = { username: username.slice(0, MAX_NAME_LENGTH), address };
    if (lockedNow !== undefined && this.#shown.may(`lock ${address} ${username}`)) {
      this.#log.warn(
        fields,
        lockedNow === 'user'
          ? 'too many wrong passwords; user locked out at this address'
          : 'too many wrong passwords; address locked out',
      );
    } else if (this.#shown.may(`login ${address} ${username}`)) {
      this.#log.info(fields, 'wrong password');
    } else {
      this.#log.debug(fields, 'wrong password');
    }
  }
}
