import { LRUCache } from 'lru-cache';
import type { Logger } from '../base/index.ts';

/** How long the same refusal of the same address is not told again, in milliseconds: phones and scanners repeat themselves. */
const REPEAT_MILLISECONDS = 60_000;

/** What an operator can make of a refusal; the SIP status says the rest. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [401, 'no password was given, or a wrong one; calls from the addresses of a trunk need none'],
  [403, 'the password is wrong, or there were too many wrong ones'],
  [415, 'the body is no SDP'],
  [416, 'the address that is called is no SIP or telephone address'],
  [420, 'an extension is required that is not served'],
  [422, 'the session timer is too short'],
  [481, 'it belongs to a call that is over'],
  [503, 'there are too many calls'],
]);

export interface Refusal {
  readonly method: string;
  readonly status: number;
  readonly address: string;
}

/** Logs requests that were refused before they became calls: calls at level info, but no more than is of use. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #told = new LRUCache<string, true>({ max: 1000, ttl: REPEAT_MILLISECONDS });

  constructor(log: Logger) {
    this.#log = log;
  }

  add({ method, status, address }: Refusal): void {
    const key = `${status} ${address}`;
    if (method !== 'INVITE' || this.#told.has(key)) {
      this.#log.debug({ method, status, address }, 'request refused');
      return;
    }
    this.#told.set(key, true);
    this.#log.info({ status, address, reason: REASONS.get(status) }, 'call refused');
  }
}
