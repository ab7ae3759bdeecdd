import { signal } from '@preact/signals';
import { CanopyError, type Client, type Contact, type NewContact } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import { coalesce } from '../basics/coalesce.ts';
import type { Notices } from '../basics/notices.ts';

/** How many contacts are shown at first, and added by “Show more”. */
const PAGE = 25;
const MAX_PAGE = 100;
/** How long after the last key a search begins, in milliseconds. */
const SEARCH_MS = 200;
/** How long changes are collected, in milliseconds: an import makes hundreds. */
const RELOAD_MS = 300;

interface Shown {
  contacts: readonly Contact[];
  hasMore: boolean;
  /** What was searched for. */
  search: string;
}

/** The user's contacts on the home page. Follows changes on the user's other devices. */
export class ContactList {
  /** Undefined until they are loaded. */
  readonly shown = signal<Shown | undefined>(undefined);
  readonly search = signal('');
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #connect: () => Promise<Client>;
  readonly #notices: Notices;
  #count = PAGE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts loads, so that a late answer changes nothing. */
  #load = 0;
  readonly #reload = coalesce(() => void this.load(), RELOAD_MS);
  #followed: Client | undefined;
  #stop = (): void => {};

  constructor(connect: () => Promise<Client>, notices: Notices) {
    this.#connect = connect;
    this.#notices = notices;
  }

  /** Loads the contacts, and again whenever they change. Returns a function that stops it. */
  start(): () => void {
    void this.load();
    return () => {
      this.#load += 1;
      clearTimeout(this.#timer);
      this.#reload.stop();
      this.#stop();
      this.#followed = undefined;
    };
  }

  /** Shows what matches a moment after the last key. */
  type(search: string): void {
    this.search.value = search;
    this.#count = PAGE;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), SEARCH_MS);
  }

  async showMore(): Promise<void> {
    this.#count += 2 * PAGE;
    await this.load();
  }

  /** Never rejects. */
  async load(): Promise<void> {
    this.#load += 1;
    const load = this.#load;
    const search = this.search.value.trim();
    try {
      const client = await this.#connect();
      this.#follow(client);
      const contacts: Contact[] = [];
      let after: string | undefined;
      do {
        const limit = Math.min(this.#count - contacts.length, MAX_PAGE);
        const page = await client.contacts.list({
          limit,
          ...(search && { search }),
          ...(after && { after }),
        });
        contacts.push(...page.contacts);
        after = page.next;
      } while (after && contacts.length < this.#count);
      if (load === this.#load) {
        this.shown.value = { contacts, hasMore: after !== undefined, search };
        this.problem.value = undefined;
      }
    } catch (error) {
      if (load === this.#load) {
        this.problem.value = CanopyError.from(error);
      }
    }
  }

  /** @throws {CanopyError} as Contacts.put() */
  async put(contact: NewContact): Promise<Contact> {
    return (await this.#connect()).contacts.put(contact);
  }

  /** Deletes a contact, and offers to put it back. */
  async remove({ contactId, name }: Contact): Promise<void> {
    try {
      const { contacts } = await this.#connect();
      const deleted = await contacts.delete(contactId);
      const words = strings.value.contacts;
      if (deleted) {
        this.#notices.offer(words.deleted(name), {
          label: words.undo,
          run: () => void this.#notices.attempt(() => this.put(deleted)),
        });
      }
    } catch (error) {
      this.#notices.error(CanopyError.from(error));
    }
  }

  async setFavourite(contact: Contact, favourite: boolean): Promise<void> {
    await this.#notices.attempt(() => this.put({ ...contact, favourite, ifRev: contact.rev }));
  }

  #follow(client: Client): void {
    if (this.#followed !== client) {
      this.#stop();
      this.#followed = client;
      this.#stop = client.contacts.on('changed', () => this.#reload.soon());
    }
  }
}
