import { writeCards } from '../../../contract/vcard/index.ts';
import { type ExportEntry, jsonListEntry } from '../../kernel/index.ts';
import type { ContactPlace, ContactStore } from './contact-store.ts';
import type { Contact } from './contract.ts';

const PAGE = 100;

/** The contacts of an account, as vCards and as JSON. Only the latter has the marks of compared codes. */
export async function* contactExport(store: ContactStore, accountId: string): AsyncIterable<ExportEntry> {
  yield { path: 'contacts/contacts.vcf', content: cards(contactsOf(store, accountId)) };
  yield jsonListEntry('contacts/contacts.json', contactsOf(store, accountId));
}

async function* contactsOf(store: ContactStore, accountId: string): AsyncIterable<Contact> {
  let after: ContactPlace | undefined;
  do {
    const { contacts, next } = await store.list(accountId, { after, limit: PAGE, full: true });
    yield* contacts;
    after = next;
  } while (after);
}

async function* cards(contacts: AsyncIterable<Contact>): AsyncIterable<string> {
  for await (const contact of contacts) {
    yield writeCards([contact]);
  }
}
