import { hkdfSync } from 'node:crypto';
import { jsonEntry, type Kernel, TargetGuard } from '../../../kernel/index.ts';
import type { ContactStore } from '../contact-store.ts';
import { addressBookHandlers } from './address-book-handlers.ts';
import { AddressBookStore } from './address-book-store.ts';
import { AddressBooks } from './address-books.ts';
import { ADDRESS_BOOK_REQUESTS } from './contract.ts';

/** The file with the key under which the passwords of address books are encrypted. */
const KEY_FILE = 'address-books.key';

/** Address books on other servers. Returns what to call when contacts of an account have changed here. */
export function registerAddressBooks(kernel: Kernel, contacts: ContactStore): (accountId: string) => void {
  const { config, log } = kernel;
  const key = Buffer.from(hkdfSync('sha256', kernel.secret(KEY_FILE), '', 'canopy address books', 32));
  const store = new AddressBookStore(kernel.store, key);
  const books = new AddressBooks({
    store,
    contacts,
    guard: new TargetGuard(config.outbound),
    log,
    onState: (accountId, state) => kernel.sockets.sendTo(accountId, 'addressBook.changed', state),
    onContacts: (accountId, contactIds) => {
      for (let at = 0; at < contactIds.length; at += MAX_TOLD) {
        const some = contactIds.slice(at, at + MAX_TOLD);
        kernel.sockets.sendTo(accountId, 'contact.changed', { contactIds: some });
      }
    },
  });
  kernel.requests(ADDRESS_BOOK_REQUESTS, addressBookHandlers(books), { audited: ['addressBook.connect'] });
  kernel.exports.ofAccount(async function* (accountId) {
    const { book } = await books.state(accountId);
    yield jsonEntry('address-book.json', { book: book ?? null });
  });
  // The password belongs to the account that gave it.
  kernel.accountReplaced.add(({ from }) => books.disconnect(from));
  kernel.accountRevoked.add((accountId) => books.disconnect(accountId));
  kernel.accountDeleting.add((accountId) => books.disconnect(accountId));
  kernel.starting.add(() => books.start());
  kernel.closing.add(() => books.close());
  return (accountId) => books.soon(accountId);
}

/** How many changed contacts one event names. */
const MAX_TOLD = 500;
