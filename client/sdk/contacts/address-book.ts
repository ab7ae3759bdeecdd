import type { EventData, RequestInput, RequestResult } from '../../../contract/index.ts';
import type { Connection } from '../connection.ts';
import { Emitter } from '../emitter.ts';

/** The state of the account's address book on another server. */
export type AddressBookState = EventData<'addressBook.changed'>;

export interface AddressBookEvents {
  changed: [AddressBookState];
}

/** The account's address book on another server, with which its contacts are synchronised (CardDAV): see Client.addressBook. */
export class AddressBook extends Emitter<AddressBookEvents> {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    super();
    this.#connection = connection;
    connection.on('addressBook.changed', (state) => this.emit('changed', state));
  }

  get(): Promise<AddressBookState> {
    return this.#connection.request('addressBook.get', {});
  }

  /**
   * Connects the account with an address book, given its URL or that of its server.
   *
   * @throws {CanopyError} ADDRESS_BOOK_LOGIN, ADDRESS_BOOK_UNREACHABLE, RATE_LIMITED; TARGET_REFUSED - the server may not connect there
   */
  connect(book: RequestInput<'addressBook.connect'>): Promise<RequestResult<'addressBook.connect'>> {
    return this.#connection.request('addressBook.connect', book);
  }

  /** Synchronises soon. Otherwise it happens by itself. */
  synchronise(): Promise<AddressBookState> {
    return this.#connection.request('addressBook.synchronise', {});
  }

  /** Forgets the address book. Contacts stay on both sides. */
  async disconnect(): Promise<void> {
    await this.#connection.request('addressBook.disconnect', {});
  }
}
