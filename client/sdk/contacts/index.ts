export { AddressBook, type AddressBookEvents, type AddressBookState } from './address-book.ts';
export {
  type Contact,
  type ContactAccount,
  type ContactPage,
  Contacts,
  type ContactsEvents,
  type NewContact,
} from './contacts.ts';
export { verificationCode } from './verification-code.ts';
