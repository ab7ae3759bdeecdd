import type { Kernel } from '../../kernel/index.ts';
import { registerAddressBooks } from './carddav/index.ts';
import { contactExport } from './contact-export.ts';
import { contactHandlers } from './contact-handlers.ts';
import { ContactStore } from './contact-store.ts';
import { CONTACT_REQUESTS } from './contract.ts';

/** Contacts: each account's own list of people, the same on all of its devices. */
export function registerContacts(kernel: Kernel): void {
  const store = new ContactStore(kernel.store);
  const changedHere = registerAddressBooks(kernel, store);
  kernel.requests(CONTACT_REQUESTS, contactHandlers(kernel, store, changedHere));
  kernel.exports.ofAccount((accountId) => contactExport(store, accountId));
  kernel.accountReplaced.add(({ from, to }) => store.replaceAccount(from, to));
  kernel.hasContact = async (accountId, otherId) =>
    (await store.find(accountId, { accountIds: [otherId], names: [] })).length > 0;
  kernel.hasContactNumber = (accountId, number) => hasNumber(store, accountId, number);
  kernel.accountDeleting.add((accountId) => store.forgetAccount(accountId));
}

/** Telephone numbers are compared by this many last digits: one may be in national form. */
const COMPARED_DIGITS = 9;
const MIN_DIGITS = 3;

/** Whether a contact has this telephone number. */
async function hasNumber(store: ContactStore, accountId: string, number: string): Promise<boolean> {
  const digits = number.replace(/\D/g, '').slice(-COMPARED_DIGITS);
  if (digits.length < MIN_DIGITS) {
    return false;
  }
  const { contacts } = await store.list(accountId, { search: digits, limit: 20, full: false });
  const isSame = (other: string) => other.replace(/\D/g, '').slice(-COMPARED_DIGITS) === digits;
  return contacts.some(({ phones }) => phones.some((phone) => isSame(phone.number)));
}
