/** An account's address book on another server, synchronised both ways (CardDAV). */
export { ADDRESS_BOOK_MIGRATIONS } from './migrations.ts';
export { registerAddressBooks } from './register.ts';
