import type { Kernel } from '../../kernel/index.ts';
import { contactExport } from './contact-export.ts';
import { contactHandlers } from './contact-handlers.ts';
import { ContactStore } from './contact-store.ts';
import { CONTACT_REQUESTS } from './contract.ts';

/** Contacts: each account's own list of people, the same on all of its devices. */
export function registerContacts(kernel: Kernel): void {
  const store = new ContactStore(kernel.store);
  kernel.requests(CONTACT_REQUESTS, contactHandlers(kernel, store));
  kernel.exports.ofAccount((accountId) => contactExport(store, accountId));
  kernel.accountReplaced.add(({ from, to }) => store.replaceAccount(from, to));
  kernel.hasContact = async (accountId, otherId) =>
    (await store.find(accountId, { accountIds: [otherId], names: [] })).length > 0;
  kernel.accountDeleting.add((accountId) => store.forgetAccount(accountId));
}
