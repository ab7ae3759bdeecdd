import { setImmediate as pause } from 'node:timers/promises';
import { CanopyError } from '../../../../base/index.ts';
import { readCards, writeCards } from '../../../../contract/vcard/index.ts';
import type { ContactStore } from '../contact-store.ts';
import { type Contact, type NewContact, newContact } from '../contract.ts';
import type { AddressBook, AddressBookStore, Card } from './address-book-store.ts';
import type { DavClient, RemoteCard } from './dav-client.ts';

export interface Synchronised {
  /** Contacts that changed here. */
  changedHere: string[];
  /** Cards that were written or deleted there. */
  changedThere: number;
}

/** How many cards are read, and how many contacts written, at once. */
const BATCH = 50;
/** How many cards are sent at the same time. */
const SENDING = 4;

/**
 * Synchronises an account's contacts with its address book, both ways (RFC 6352). A change wins over a deletion. If both sides changed the
 * same contact, the address book's name and note win, and the numbers and addresses of both are kept.
 *
 * @throws {CanopyError} as DavClient; LIMIT_REACHED - too many contacts; ADDRESS_BOOK_UNREACHABLE - all cards are gone at once
 */
export async function synchronise(
  { books, contacts, client }: { books: AddressBookStore; contacts: ContactStore; client: DavClient },
  book: AddressBook,
): Promise<Synchronised> {
  const run = new Run(books, contacts, client, book);
  return run.run();
}

class Run {
  readonly #books: AddressBookStore;
  readonly #contacts: ContactStore;
  readonly #client: DavClient;
  readonly #book: AddressBook;
  readonly #changedHere: string[] = [];
  #changedThere = 0;
  /** Whether a card has to be read again. */
  #isIncomplete = false;
  #cards = new Map<string, Card>();
  /** Contacts that were changed or deleted here since the last time, with their revision. */
  #local = new Map<string, { rev: number; isDeleted: boolean }>();

  constructor(books: AddressBookStore, contacts: ContactStore, client: DavClient, book: AddressBook) {
    this.#books = books;
    this.#contacts = contacts;
    this.#client = client;
    this.#book = book;
  }

  async run(): Promise<Synchronised> {
    const { accountId, sent_rev } = this.#book;
    this.#cards = await this.#books.cards(accountId);
    const { rev, changes } = await this.#contacts.changesSince(accountId, sent_rev);
    const known = new Map([...this.#cards.values()].map((card) => [card.contact_id, card.rev]));
    this.#local = new Map(
      changes
        .filter((change) => known.get(change.contactId) !== change.rev)
        .map(({ contactId, ...change }) => [contactId, change]),
    );
    const version = await this.#client.version();
    if (version === undefined || version !== this.#book.version) {
      await this.#receive(await this.#client.etags());
    }
    await this.#send();
    // What was written meanwhile is read the next time.
    await this.#books.update(accountId, {
      version: this.#isIncomplete ? null : (version ?? null),
      sent_rev: rev,
    });
    return { changedHere: this.#changedHere, changedThere: this.#changedThere };
  }

  async #receive(etags: Map<string, string>): Promise<void> {
    if (etags.size === 0 && this.#cards.size > 0) {
      // More likely a fault than a wish: nothing is deleted here.
      throw new CanopyError(
        'ADDRESS_BOOK_UNREACHABLE',
        'the address book is suddenly empty; nothing was deleted',
      );
    }
    const changed = [...etags].filter(([href, etag]) => this.#cards.get(href)?.etag !== etag);
    for (let at = 0; at < changed.length; at += BATCH) {
      const hrefs = changed.slice(at, at + BATCH).map(([href]) => href);
      await this.#take(await this.#client.cards(hrefs));
      await pause();
    }
    const gone = [...this.#cards.values()].filter(({ href }) => !etags.has(href));
    for (let at = 0; at < gone.length; at += BATCH) {
      const some = gone.slice(at, at + BATCH);
      // A change here wins: it is sent as a new card.
      const deleted = some
        .map(({ contact_id }) => contact_id)
        .filter((contactId) => !this.#local.has(contactId));
      await this.#contacts.deleteAll(this.#book.accountId, deleted);
      this.#changedHere.push(...deleted);
      await this.#forget(some.map(({ href }) => href));
      await pause();
    }
  }

  /** Writes cards to the contacts. */
  async #take(cards: readonly RemoteCard[]): Promise<void> {
    const { accountId } = this.#book;
    const read = new Map<string, { card: RemoteCard; contact: NewContact; isMerged: boolean }>();
    const ids: string[] = [];
    const parsed: Array<{ card: RemoteCard; contact: NewContact }> = [];
    for (const card of cards) {
      const contact = await contactIn(card);
      if (contact) {
        const contactId = this.#cards.get(card.href)?.contact_id ?? contact.contactId;
        parsed.push({ card, contact: { ...contact, contactId } });
        ids.push(contactId);
      }
    }
    const before = await this.#contacts.byIds(accountId, ids);
    for (const { card, contact } of parsed) {
      const known = before.get(contact.contactId);
      const edited = this.#local.get(contact.contactId);
      const isMerged = edited !== undefined && !edited.isDeleted && known !== undefined;
      read.set(contact.contactId, { card, contact: merged(known, contact, isMerged), isMerged });
      if (!isMerged) {
        this.#local.delete(contact.contactId);
      }
    }
    const written = await this.#write([...read.values()].map(({ contact }) => contact));
    const stored: Card[] = [];
    for (const { contactId: contact_id, rev } of written) {
      const found = read.get(contact_id);
      if (found) {
        const { href, etag } = found.card;
        // What was merged has to be sent, too.
        stored.push({ href, etag, contact_id, rev: found.isMerged ? 0 : rev });
        this.#changedHere.push(contact_id);
        if (found.isMerged) {
          this.#local.set(contact_id, { rev, isDeleted: false });
        }
      }
    }
    await this.#remember(stored);
  }

  /** Those that were changed here at the same moment are left to the next time. */
  async #write(contacts: NewContact[]): Promise<Contact[]> {
    const { accountId } = this.#book;
    if (contacts.length === 0) {
      return [];
    }
    try {
      return await this.#contacts.put(accountId, contacts);
    } catch (error) {
      if (CanopyError.from(error).code !== 'CONTACT_CHANGED') {
        throw error;
      }
    }
    const written: Contact[] = [];
    for (const contact of contacts) {
      written.push(
        ...(await this.#contacts.put(accountId, [contact]).catch((error: unknown) => {
          if (CanopyError.from(error).code === 'CONTACT_CHANGED') {
            this.#isIncomplete = true;
            return [];
          }
          throw error;
        })),
      );
    }
    return written;
  }

  /** Sends what was changed here. */
  async #send(): Promise<void> {
    const byContact = new Map([...this.#cards.values()].map((card) => [card.contact_id, card]));
    const waiting = [...this.#local];
    while (waiting.length > 0) {
      const some = waiting.splice(0, BATCH);
      const contacts = await this.#contacts.byIds(
        this.#book.accountId,
        some.map(([contactId]) => contactId),
      );
      const stored: Card[] = [];
      const gone: string[] = [];
      await inParallel(some, async ([contactId]) => {
        const contact = contacts.get(contactId);
        const card = byContact.get(contactId);
        if (contact) {
          const href = card?.href ?? this.#client.newHref(contactId);
          const result = await this.#client.put(href, writeCards([contact]), card?.etag);
          if (result !== 'changed') {
            stored.push({ href, etag: result.etag ?? '', contact_id: contactId, rev: contact.rev });
          }
        } else if (card && (await this.#client.delete(card.href, card.etag)) !== 'changed') {
          gone.push(card.href);
        }
      });
      this.#changedThere += stored.length + gone.length;
      await this.#remember(stored);
      await this.#forget(gone);
    }
  }

  async #remember(cards: readonly Card[]): Promise<void> {
    for (const card of cards) {
      this.#cards.set(card.href, card);
    }
    await this.#books.putCards(this.#book.accountId, cards);
  }

  async #forget(hrefs: readonly string[]): Promise<void> {
    for (const href of hrefs) {
      this.#cards.delete(href);
    }
    await this.#books.deleteCards(this.#book.accountId, hrefs);
  }
}

/** The contact in a card; undefined if there is none, or not one that can be kept. */
async function contactIn({ text }: RemoteCard): Promise<NewContact | undefined> {
  const [read] = await readCards(text);
  if (!read?.contact) {
    return undefined;
  }
  // A card must not say who an account belongs to.
  const parsed = newContact.safeParse({ ...read.contact, accounts: [] });
  return parsed.success ? parsed.data : undefined;
}

/** @param both whether both sides have changed it */
function merged(before: Contact | undefined, read: NewContact, both: boolean): NewContact {
  if (!before) {
    return { ...read, ifRev: 0 };
  }
  const { accounts, favourite, name, phones, emails, rev } = before;
  const numbers = new Set(read.phones.map(({ number }) => number));
  const addresses = new Set(read.emails.map(({ address }) => address));
  return {
    ...read,
    accounts,
    favourite: favourite || read.favourite,
    ...(accounts.length > 0 && { name }),
    ...(both && {
      phones: [...read.phones, ...phones.filter(({ number }) => !numbers.has(number))].slice(0, MAX_WAYS),
      emails: [...read.emails, ...emails.filter(({ address }) => !addresses.has(address))].slice(0, MAX_WAYS),
    }),
    ifRev: rev,
  };
}

/** Maximum number of numbers, and of addresses, of a contact. */
const MAX_WAYS = 20;

async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      await act(item);
    }
  };
  await Promise.all(Array.from({ length: SENDING }, work));
}
