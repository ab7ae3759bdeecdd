import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { CanopyError } from '../../../../base/index.ts';

/** How long a ticket is valid, in milliseconds. */
const VALID_MS = { write: 600_000, read: 60_000 };

/** A permission to write or read one file. */
export interface FileTicket {
  mode: 'write' | 'read';
  fileId: string;
  accountId: string;
}

/** Issues tickets for file URLs. They end with the server: clients then ask for new ones. */
export class FileTickets {
  readonly #key = randomBytes(32);
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The path with the ticket. */
  url(ticket: FileTicket): string {
    const untilMs = this.#now() + VALID_MS[ticket.mode];
    return `/api/files/${ticket.fileId}?ticket=${ticket.accountId}.${untilMs}.${this.#sign(ticket, untilMs)}`;
  }

  /** Returns the account that the ticket was issued to. @throws {CanopyError} FILE_TICKET_INVALID */
  verify(text: string, mode: FileTicket['mode'], fileId: string): string {
    const [accountId = '', until = '', signature = ''] = text.split('.');
    const untilMs = Number(until);
    const expected = Buffer.from(this.#sign({ mode, fileId, accountId }, untilMs));
    const given = Buffer.from(signature);
    const isValid = given.length === expected.length && timingSafeEqual(given, expected);
    if (!isValid || !(untilMs > this.#now())) {
      throw new CanopyError('FILE_TICKET_INVALID');
    }
    return accountId;
  }

  #sign({ mode, fileId, accountId }: FileTicket, untilMs: number): string {
    return createHmac('sha256', this.#key)
      .update(`${mode} ${fileId} ${accountId} ${untilMs}`)
      .digest('base64url');
  }
}
