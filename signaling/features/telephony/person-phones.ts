import { randomInt } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';
import { isUniqueViolation, type Store } from '../../store/index.ts';

/** A phone of a person. */
export interface PersonPhone {
  username: string;
  displayName: string | undefined;
  /** Whether it rings when its owner is called. */
  rings: boolean;
}

/** Maximum numbers of phones and telephone numbers of one account. */
const MAX_PHONES = 10;
const MAX_NUMBERS = 10;
/** Letters and digits of new user names, without those that look alike. */
const NAME_ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const NAME_LENGTH = 8;

/** The owners of phones, and people’s telephone numbers. */
export class PersonPhones {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The phones of an account, by user name. */
  async of(accountId: string): Promise<PersonPhone[]> {
    const rows = await this.#store.db
      .selectFrom('person_phones')
      .innerJoin('sip_phones', 'sip_phones.username', 'person_phones.username')
      .select(['person_phones.username', 'display_name', 'rings'])
      .where('account_id', '=', accountId)
      .orderBy('person_phones.username')
      .execute();
    return rows.map(({ username, display_name, rings }) => ({
      username,
      displayName: display_name ?? undefined,
      rings: rings === 1,
    }));
  }

  /** The account that a phone belongs to; undefined if it is nobody's. */
  async ownerOf(username: string): Promise<string | undefined> {
    const row = await this.#store.db
      .selectFrom('person_phones')
      .select('account_id')
      .where('username', '=', username)
      .executeTakeFirst();
    return row?.account_id;
  }

  /** The owners of all phones that have one. */
  async owners(): Promise<Map<string, string>> {
    const rows = await this.#store.db.selectFrom('person_phones').selectAll().execute();
    return new Map(rows.map(({ username, account_id }) => [username, account_id]));
  }

  /** Gives a phone to an account, or to nobody. @throws {CanopyError} LIMIT_REACHED */
  async setOwner(username: string, accountId: string | null): Promise<void> {
    await this.#store.transaction(
      async (db) => {
        if (accountId === null) {
          await db.deleteFrom('person_phones').where('username', '=', username).execute();
          return;
        }
        const { count } = await db
          .selectFrom('person_phones')
          .select(({ fn }) => fn.countAll().as('count'))
          .where('account_id', '=', accountId)
          .where('username', '!=', username)
          .executeTakeFirstOrThrow();
        if (Number(count) >= MAX_PHONES) {
          throw new CanopyError('LIMIT_REACHED', `a person may have ${MAX_PHONES} phones`);
        }
        await db
          .insertInto('person_phones')
          .values({ username, account_id: accountId, rings: 1 })
          .onConflict((conflict) => conflict.column('username').doUpdateSet({ account_id: accountId }))
          .execute();
      },
      `phones ${accountId ?? ''}`,
    );
  }

  /** Whether a phone of the account rings when it is called. Returns false if it has no such phone. */
  async setRings(accountId: string, username: string, rings: boolean): Promise<boolean> {
    const { numUpdatedRows } = await this.#store.db
      .updateTable('person_phones')
      .set({ rings: rings ? 1 : 0 })
      .where('account_id', '=', accountId)
      .where('username', '=', username)
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  /** All numbers of people, in order. */
  async numbers(): Promise<Array<{ number: string; accountId: string }>> {
    const rows = await this.#store.db.selectFrom('person_numbers').selectAll().orderBy('number').execute();
    return rows.map(({ number, account_id }) => ({ number, accountId: account_id }));
  }

  async numbersOf(accountId: string): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('person_numbers')
      .select('number')
      .where('account_id', '=', accountId)
      .orderBy('number')
      .execute();
    return rows.map(({ number }) => number);
  }

  async accountAt(number: string): Promise<string | undefined> {
    const row = await this.#store.db
      .selectFrom('person_numbers')
      .select('account_id')
      .where('number', '=', number)
      .executeTakeFirst();
    return row?.account_id;
  }

  /** Gives a number to an account. @throws {CanopyError} NUMBER_TAKEN - it is another one's; LIMIT_REACHED */
  async putNumber(number: string, accountId: string): Promise<void> {
    const theirs = await this.numbersOf(accountId);
    if (theirs.includes(number)) {
      return;
    }
    if (theirs.length >= MAX_NUMBERS) {
      throw new CanopyError('LIMIT_REACHED', `a person may have ${MAX_NUMBERS} numbers`);
    }
    try {
      await this.#store.db.insertInto('person_numbers').values({ number, account_id: accountId }).execute();
    } catch (error) {
      if (isUniqueViolation(error)) {
        throw new CanopyError('NUMBER_TAKEN', undefined, { cause: error });
      }
      throw error;
    }
  }

  /** Returns false if it is nobody's. */
  async deleteNumber(number: string): Promise<boolean> {
    const { numDeletedRows } = await this.#store.db
      .deleteFrom('person_numbers')
      .where('number', '=', number)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  /** Gives phones and numbers of an account to another one. Returns whether there were any. */
  async replaceAccount(from: string, to: string): Promise<boolean> {
    return this.#store.transaction(async (db) => {
      const change = { account_id: to };
      const phones = await db
        .updateTable('person_phones')
        .set(change)
        .where('account_id', '=', from)
        .executeTakeFirst();
      const numbers = await db
        .updateTable('person_numbers')
        .set(change)
        .where('account_id', '=', from)
        .executeTakeFirst();
      return phones.numUpdatedRows + numbers.numUpdatedRows > 0n;
    });
  }

  /** Removes the phones and numbers of an account that is gone. Returns whether there were any. */
  async forgetAccount(accountId: string): Promise<boolean> {
    return this.#store.transaction(async (db) => {
      const theirs = db.selectFrom('person_phones').select('username').where('account_id', '=', accountId);
      await db.deleteFrom('saved_bindings').where('username', 'in', theirs).execute();
      await db.deleteFrom('sip_phones').where('username', 'in', theirs).execute();
      const phones = await db
        .deleteFrom('person_phones')
        .where('account_id', '=', accountId)
        .executeTakeFirst();
      const numbers = await db
        .deleteFrom('person_numbers')
        .where('account_id', '=', accountId)
        .executeTakeFirst();
      return phones.numDeletedRows + numbers.numDeletedRows > 0n;
    });
  }
}

/** A user name for a phone that a person adds. */
export function newUsername(): string {
  return Array.from({ length: NAME_LENGTH }, () => NAME_ALPHABET[randomInt(NAME_ALPHABET.length)]).join('');
}
