export { ADDRESS_BOOK_MIGRATIONS } from './carddav/index.ts';
export { CONTACT_MIGRATIONS } from './migrations.ts';
export { registerContacts } from './register.ts';
