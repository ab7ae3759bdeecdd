import type { Transaction } from 'kysely';
import type { Store, Tables } from '../../store/index.ts';
import type { SignOnRow } from './tables.ts';

/** A person at a provider. */
export type ProviderPerson = Pick<SignOnRow, 'issuer' | 'subject'>;

/** Which person at the provider has which account. */
export class SignOnRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async find({ issuer, subject }: ProviderPerson): Promise<SignOnRow | undefined> {
    return this.#store.db
      .selectFrom('sign_ons')
      .selectAll()
      .where('issuer', '=', issuer)
      .where('subject', '=', subject)
      .executeTakeFirst();
  }

  /** As whom an account signed on. */
  async of(accountId: string): Promise<SignOnRow[]> {
    return this.#store.db.selectFrom('sign_ons').selectAll().where('account_id', '=', accountId).execute();
  }

  /** Records the invitation with which the person may enrol now. An earlier one no longer admits them. */
  async invited(person: ProviderPerson, invitation: string): Promise<void> {
    await this.#store.db
      .insertInto('sign_ons')
      .values({ ...person, account_id: null, invitation, replacing: null, created_at_ms: Date.now() })
      .onConflict((conflict) => conflict.columns(['issuer', 'subject']).doUpdateSet({ invitation }))
      .execute();
    await this.#store.sync();
  }

  /**
   * Binds the person of an invitation to the account that enrolls with it. Returns the row, with `replacing` if an earlier account is to be
   * replaced; undefined if the invitation is no longer valid.
   */
  async admit(
    db: Transaction<Tables>,
    invitation: string,
    accountId: string,
  ): Promise<SignOnRow | undefined> {
    const row = await db
      .selectFrom('sign_ons')
      .selectAll()
      .where('invitation', '=', invitation)
      .executeTakeFirst();
    if (!row || row.account_id === accountId) {
      return row;
    }
    const changes = { account_id: accountId, replacing: row.account_id };
    await db.updateTable('sign_ons').set(changes).where('invitation', '=', invitation).execute();
    return { ...row, ...changes };
  }

  /** Accounts whose replacement has begun and may not be complete. */
  async replacing(): Promise<SignOnRow[]> {
    return this.#store.db.selectFrom('sign_ons').selectAll().where('replacing', 'is not', null).execute();
  }

  /** Records that an account has been replaced. */
  async replaced(replacing: string): Promise<void> {
    await this.#store.db
      .updateTable('sign_ons')
      .set({ replacing: null })
      .where('replacing', '=', replacing)
      .execute();
    await this.#store.sync();
  }

  /** Forgets the person of an account. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.#store.db.deleteFrom('sign_ons').where('account_id', '=', accountId).execute();
  }
}
