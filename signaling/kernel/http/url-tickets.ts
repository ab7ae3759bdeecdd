import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';

/** What a ticket permits: one method on one path, for an account. */
export interface UrlTicket {
  method: 'GET' | 'PUT';
  path: string;
  accountId: string;
}

/**
 * Permissions to use one URL for a short time, for what browsers fetch without a header of ours: files, downloads. They end with the server:
 * clients then ask for new ones.
 */
export class UrlTickets {
  readonly #key = randomBytes(32);
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The path with the ticket. */
  url(ticket: UrlTicket, validMs: number): string {
    return `${ticket.path}?ticket=${this.ticket(ticket, validMs)}`;
  }

  /** The ticket alone, for a path with others below it. */
  ticket(ticket: UrlTicket, validMs: number): string {
    const untilMs = this.#now() + validMs;
    return `${ticket.accountId}.${untilMs}.${this.#sign(ticket, untilMs)}`;
  }

  /** Returns the account that the ticket was issued to. @throws {CanopyError} FILE_TICKET_INVALID */
  verify(text: string, { method, path }: Omit<UrlTicket, 'accountId'>): string {
    const [accountId = '', until = '', signature = ''] = text.split('.');
    const untilMs = Number(until);
    const expected = Buffer.from(this.#sign({ method, path, accountId }, untilMs));
    const given = Buffer.from(signature);
    const isValid = given.length === expected.length && timingSafeEqual(given, expected);
    if (!isValid || !(untilMs > this.#now())) {
      throw new CanopyError('FILE_TICKET_INVALID');
    }
    return accountId;
  }

  #sign({ method, path, accountId }: UrlTicket, untilMs: number): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([method, path, accountId, untilMs]))
      .digest('base64url');
  }
}
