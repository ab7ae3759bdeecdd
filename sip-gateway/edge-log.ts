import { LineLimit, type Logger } from '../base/index.ts';
import type { FailedLogin } from './sip/index.ts';

/** Explains a refused call to the operator; the SIP status says the rest. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [
    401,
    'no password was given, or an old challenge was answered; calls from the addresses of a trunk need none',
  ],
  [403, 'the password is wrong, or there were too many wrong ones'],
  [415, 'the body is no SDP'],
  [416, 'the address that is called is no SIP or telephone address'],
  [420, 'an extension is required that is not served'],
  [422, 'the session timer is too short'],
  [481, 'it belongs to a call that is over'],
  [486, 'the phone has as many calls as it may have'],
  [503, 'there are too many calls'],
]);

/** Maximum length of a logged stranger's name, in characters. */
const MAX_NAME_LENGTH = 64;

/**
 * Logs what the SIP stack refuses at the edge. Refused calls, wrong passwords and lock-outs show at the default level: each kind once
 * per minute and address, and no more than 30 lines a minute in all. Everything else is at debug.
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
