import { CanopyError } from '../../../../base/index.ts';
import { openBytes, sealBytes } from '../../../kernel/index.ts';
import type { Store } from '../../../store/index.ts';
import type { AddressBookCardRow, AddressBookRow } from './tables.ts';

export interface AddressBook extends Omit<AddressBookRow, 'account_id' | 'password'> {
  accountId: string;
}

export type Card = Omit<AddressBookCardRow, 'account_id'>;

/** The address books of accounts, and which card is which contact. Passwords are encrypted with the key. */
export class AddressBookStore {
  readonly #store: Store;
  readonly #key: Buffer;

  constructor(store: Store, key: Buffer) {
    this.#store = store;
    this.#key = key;
  }

  async find(accountId: string): Promise<AddressBook | undefined> {
    const row = await this.#row(accountId);
    return row && describe(row);
  }

  async all(): Promise<AddressBook[]> {
    return (await this.#store.db.selectFrom('address_books').selectAll().execute()).map(describe);
  }

  /** @throws {CanopyError} ADDRESS_BOOK_LOGIN - it was encrypted with another key */
  async passwordOf(accountId: string): Promise<string> {
    const sealed = Buffer.from((await this.#row(accountId))?.password ?? '', 'base64');
    try {
      return openBytes(this.#key, sealed, context(accountId)).toString();
    } catch (cause) {
      throw new CanopyError('ADDRESS_BOOK_LOGIN', 'the stored password cannot be read', { cause });
    }
  }

  /** Connects an account with an address book; whatever it had before is forgotten. */
  async put(
    accountId: string,
    { url, username, password }: { url: string; username: string; password: string },
  ): Promise<void> {
    const sealed = sealBytes(this.#key, Buffer.from(password), context(accountId)).toString('base64');
    await this.#store.transaction(async (db) => {
      await db.deleteFrom('address_book_cards').where('account_id', '=', accountId).execute();
      await db.deleteFrom('address_books').where('account_id', '=', accountId).execute();
      await db
        .insertInto('address_books')
        .values({
          account_id: accountId,
          url,
          username,
          password: sealed,
          version: null,
          sent_rev: 0,
          synced_at_ms: null,
          error: null,
          failures: 0,
        })
        .execute();
    });
  }

  /** Returns false if it was disconnected meanwhile. */
  async update(
    accountId: string,
    change: Partial<Pick<AddressBookRow, 'version' | 'sent_rev' | 'synced_at_ms' | 'error' | 'failures'>>,
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#store.db
      .updateTable('address_books')
      .set(change)
      .where('account_id', '=', accountId)
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  async delete(accountId: string): Promise<void> {
    await this.#store.transaction(async (db) => {
      await db.deleteFrom('address_book_cards').where('account_id', '=', accountId).execute();
      await db.deleteFrom('address_books').where('account_id', '=', accountId).execute();
    });
  }

  /** The cards of an account by their paths. */
  async cards(accountId: string): Promise<Map<string, Card>> {
    const rows = await this.#store.db
      .selectFrom('address_book_cards')
      .selectAll()
      .where('account_id', '=', accountId)
      .execute();
    return new Map(
      rows.map(({ account_id: _account, rev, ...card }) => [card.href, { ...card, rev: Number(rev) }]),
    );
  }

  async putCards(accountId: string, cards: readonly Card[]): Promise<void> {
    await this.#store.transaction(async (db) => {
      for (const { href, ...card } of cards) {
        await db
          .insertInto('address_book_cards')
          .values({ account_id: accountId, href, ...card })
          .onConflict((conflict) => conflict.columns(['account_id', 'href']).doUpdateSet(card))
          .execute();
      }
    });
  }

  async deleteCards(accountId: string, hrefs: readonly string[]): Promise<void> {
    await this.#store.transaction(async (db) => {
      for (const href of hrefs) {
        await db
          .deleteFrom('address_book_cards')
          .where('account_id', '=', accountId)
          .where('href', '=', href)
          .execute();
      }
    });
  }

  #row(accountId: string): Promise<AddressBookRow | undefined> {
    return this.#store.db
      .selectFrom('address_books')
      .selectAll()
      .where('account_id', '=', accountId)
      .executeTakeFirst();
  }
}

function describe({ account_id: accountId, password: _secret, ...row }: AddressBookRow): AddressBook {
  const { sent_rev, synced_at_ms } = row;
  return {
    ...row,
    accountId,
    sent_rev: Number(sent_rev),
    synced_at_ms: synced_at_ms === null ? null : Number(synced_at_ms),
  };
}

/** A password is of use only to its account. */
function context(accountId: string): string {
  return `address book ${accountId}`;
}
