import { LRUCache } from 'lru-cache';
import type { Logger } from '../base/index.ts';

/** A repeated refusal of one address is logged at level info once in this time, in milliseconds. */
const REPEAT_MILLISECONDS = 60_000;

/** The reason for operators, by SIP status. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [401, 'no password was given, or a wrong one; calls from the addresses of a trunk need none'],
  [403, 'the password is wrong, or there were too many wrong ones'],
  [415, 'the body is no SDP'],
  [416, 'the called address is neither a SIP nor a tel URI'],
  [420, 'it requires an extension that is not supported'],
  [422, 'the session timer is too short'],
  [481, 'it belongs to a call that has ended'],
  [503, 'there are too many calls'],
]);

export interface Refusal {
  readonly method: string;
  readonly status: number;
  readonly address: string;
}

/** Logs requests that were refused before they became calls: INVITEs at level info (rate-limited), everything else at debug. */
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
