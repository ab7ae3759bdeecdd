import { CanopyError, type Logger } from '../../../../base/index.ts';
import type { TargetGuard } from '../../../kernel/index.ts';
import type { ContactStore } from '../contact-store.ts';
import type { AddressBook, AddressBookStore } from './address-book-store.ts';
import type { AddressBookState } from './contract.ts';
import { DavClient } from './dav-client.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { synchronise } from './synchronise.ts';

export interface AddressBooksOptions {
  store: AddressBookStore;
  contacts: ContactStore;
  guard: TargetGuard;
  log: Logger;
  /** How often an address book is read, in milliseconds. Default 15 minutes. */
  intervalMs?: number;
  /** How long changes here are collected before they are sent, in milliseconds. Default 10 s. */
  collectMs?: number;
  /** The state of an account's address book has changed. */
  onState(accountId: string, state: AddressBookState): void;
  /** Contacts were changed by synchronising. */
  onContacts(accountId: string, contactIds: readonly string[]): void;
}

const INTERVAL_MS = 900_000;
const COLLECT_MS = 10_000;
/** After failures in a row, the interval doubles up to this, in milliseconds. */
const MAX_INTERVAL_MS = 6 * 3_600_000;
/** How many address books are synchronised at the same time. */
const MAX_RUNNING = 2;
/** How often it is looked which are due, in milliseconds. */
const LOOK_MS = 5000;

/** Synchronises accounts with their address books, in the background: a few at a time, and less often where that fails. */
export class AddressBooks {
  readonly #options: AddressBooksOptions;
  /** When each account is due next, on the monotonic clock. */
  readonly #due = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AddressBooksOptions) {
    this.#options = options;
  }

  /** Starts with the stored address books, spread over the interval. */
  async start(): Promise<void> {
    const books = await this.#options.store.all();
    const { intervalMs = INTERVAL_MS } = this.#options;
    for (const [index, { accountId }] of books.entries()) {
      this.#due.set(accountId, performance.now() + (intervalMs * index) / Math.max(1, books.length));
    }
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Ends what is in progress. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await Promise.all(this.#running.values());
  }

  async state(accountId: string): Promise<AddressBookState> {
    const book = await this.#options.store.find(accountId);
    return book ? { book: this.#describe(book) } : {};
  }

  /** @throws {CanopyError} ADDRESS_BOOK_LOGIN, ADDRESS_BOOK_UNREACHABLE, TARGET_REFUSED */
  async connect(
    accountId: string,
    { url, username, password }: { url: string; username: string; password: string },
  ): Promise<void> {
    const found = await this.#client(url, username, password).discover();
    await this.#running.get(accountId);
    await this.#options.store.put(accountId, { url: found, username, password });
    this.soon(accountId, 0);
  }

  async disconnect(accountId: string): Promise<void> {
    this.#due.delete(accountId);
    await this.#options.store.delete(accountId);
    await this.#running.get(accountId);
    this.#due.delete(accountId);
  }

  /** Contacts of the account have changed here, or it asks. Does nothing if it has no address book. */
  soon(accountId: string, waitMs = this.#options.collectMs ?? COLLECT_MS): void {
    if (waitMs > 0 && !this.#due.has(accountId)) {
      return;
    }
    const atMs = performance.now() + waitMs;
    this.#due.set(accountId, Math.min(this.#due.get(accountId) ?? atMs, atMs));
    setTimeout(() => this.#look(), waitMs).unref();
  }

  #look(): void {
    const nowMs = performance.now();
    for (const [accountId, dueMs] of this.#due) {
      if (this.#running.size >= MAX_RUNNING || this.#closing.signal.aborted) {
        return;
      }
      if (dueMs <= nowMs && !this.#running.has(accountId)) {
        const { intervalMs = INTERVAL_MS } = this.#options;
        this.#due.set(accountId, nowMs + intervalMs);
        const run = this.#synchronise(accountId).finally(() => {
          this.#running.delete(accountId);
          void this.#report(accountId);
          this.#look();
        });
        this.#running.set(accountId, run);
      }
    }
  }

  /** Never rejects. */
  async #synchronise(accountId: string): Promise<void> {
    const { store, contacts, log, onState, onContacts, intervalMs = INTERVAL_MS } = this.#options;
    let failures = 0;
    try {
      const book = await store.find(accountId);
      if (!book) {
        this.#due.delete(accountId);
        return;
      }
      failures = book.failures;
      onState(accountId, { book: { ...this.#describe(book), state: 'synchronising' } });
      const client = this.#client(book.url, book.username, await store.passwordOf(accountId));
      const { changedHere, changedThere } = await synchronise({ books: store, contacts, client }, book);
      await store.update(accountId, { synced_at_ms: Date.now(), error: null, failures: 0 });
      log.info({ accountId, changedHere: changedHere.length, changedThere }, 'address book synchronised');
      if (changedHere.length > 0) {
        onContacts(accountId, changedHere);
      }
    } catch (error) {
      if (this.#closing.signal.aborted) {
        return;
      }
      const { code, detail } = CanopyError.from(error);
      log.warn({ accountId, code, detail }, 'cannot synchronise an address book');
      const waitMs = Math.min(intervalMs * 2 ** failures, MAX_INTERVAL_MS);
      if (this.#due.has(accountId)) {
        this.#due.set(accountId, performance.now() + waitMs);
      }
      await store
        .update(accountId, { error: code, failures: failures + 1 })
        .catch((cause: unknown) => log.warn({ err: cause }, 'cannot store the state of an address book'));
    }
  }

  /** Never rejects. */
  async #report(accountId: string): Promise<void> {
    await this.state(accountId).then(
      (state) => this.#options.onState(accountId, state),
      () => {},
    );
  }

  #client(url: string, username: string, password: string): DavClient {
    const { guard } = this.#options;
    const home = guard.checkUrl(url);
    return new DavClient({
      url,
      username,
      password,
      fetch: guardedFetch(guard, home, this.#closing.signal),
    });
  }

  #describe({ accountId, url, username, synced_at_ms, error }: AddressBook) {
    const isRunning = this.#running.has(accountId);
    return {
      url,
      username,
      state: isRunning
        ? ('synchronising' as const)
        : error !== null
          ? ('failed' as const)
          : synced_at_ms === null
            ? ('waiting' as const)
            : ('synchronised' as const),
      ...(synced_at_ms !== null && { synchronisedAtMs: synced_at_ms }),
      ...(error !== null && { error }),
    };
  }
}
