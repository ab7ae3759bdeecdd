import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../../base/index.ts';
import type { Role } from '../../../contract/index.ts';
import { latestFirst, type Page, type Store } from '../../store/index.ts';
import type { AccountRow } from './tables.ts';

const MAX_LAST_KNOWN = 10_000;
/** `expires_at_ms` of an account that is being deleted. */
const DELETED = 0;

/** The known accounts with their roles, and the rooms guests may enter. */
export class Accounts {
  readonly #store: Store;
  readonly #lastKnown = new LRUCache<string, AccountRow>({ max: MAX_LAST_KNOWN });

  constructor(store: Store) {
    this.#store = store;
  }

  async find(accountId: string): Promise<AccountRow | undefined> {
    const account = await this.#store.db
      .selectFrom('accounts')
      .selectAll()
      .where('account_id', '=', accountId)
      .executeTakeFirst();
    if (account) {
      this.#lastKnown.set(accountId, account);
    }
    return account;
  }

  /** The account as this server last read it, for people who reconnect while the store is unavailable. */
  lastKnown(accountId: string): AccountRow | undefined {
    return this.#lastKnown.get(accountId);
  }

  /** Creates the account unless it exists; an existing one stays unchanged. Resolves once it is on disk. */
  async ensure(account: {
    accountId: string;
    displayName: string;
    role: Role;
    source: 'invite' | 'pki';
    nowMs: number;
  }): Promise<void> {
    await this.#store.db
      .insertInto('accounts')
      .values({
        account_id: account.accountId,
        display_name: account.displayName,
        role: account.role,
        source: account.source,
        created_at_ms: account.nowMs,
        last_seen_at_ms: null,
        invitation: null,
        is_gateway: 0,
        expires_at_ms: null,
      })
      .onConflict((conflict) => conflict.column('account_id').doNothing())
      .execute();
    await this.#store.sync();
  }

  /** Accounts, latest enrolment first. */
  list(page: Page): Promise<AccountRow[]> {
    return latestFirst(this.#store.db.selectFrom('accounts').selectAll(), 'accounts', 'account_id', page);
  }

  /** Changes a person's role. @throws {CanopyError} IDENTITY_UNKNOWN; FORBIDDEN - the account belongs to a bridge or the gateway */
  async setRole(accountId: string, role: Role): Promise<void> {
    await this.#store.transaction(async (db) => {
      const account = await db
        .selectFrom('accounts')
        .select(['role', 'is_gateway'])
        .where('account_id', '=', accountId)
        .executeTakeFirst();
      if (!account) {
        throw new CanopyError('IDENTITY_UNKNOWN', `account ${accountId}`);
      }
      if (account.role === 'bridge' || account.is_gateway === 1) {
        throw new CanopyError('FORBIDDEN', 'the role of a bridge cannot change');
      }
      await db.updateTable('accounts').set({ role }).where('account_id', '=', accountId).execute();
    }, `account ${accountId}`);
    const known = this.#lastKnown.get(accountId);
    if (known) {
      this.#lastKnown.set(accountId, { ...known, role });
    }
    await this.#store.sync();
  }

  /**
   * Lets an account into a room. Resolves once that is on disk.
   *
   * @param admittedAtMs when the account was admitted from the room's lobby; omitted if it did not wait
   */
  async grant(accountId: string, roomId: string, admittedAtMs?: number): Promise<void> {
    await this.#store.db
      .insertInto('grants')
      .values({ account_id: accountId, room_id: roomId, admitted_at_ms: admittedAtMs ?? null })
      .onConflict((conflict) => {
        const known = conflict.columns(['account_id', 'room_id']);
        return admittedAtMs === undefined
          ? known.doNothing()
          : known.doUpdateSet({ admitted_at_ms: admittedAtMs });
      })
      .execute();
    await this.#store.sync();
  }

  async grantOf(accountId: string, roomId: string): Promise<{ admitted_at_ms: number | null } | undefined> {
    return this.#store.db
      .selectFrom('grants')
      .select('admitted_at_ms')
      .where('account_id', '=', accountId)
      .where('room_id', '=', roomId)
      .executeTakeFirst();
  }

  /** Lets an account into the rooms that another one may enter. */
  async copyGrants(from: string, to: string): Promise<void> {
    await this.#store.db
      .insertInto('grants')
      .columns(['account_id', 'room_id', 'admitted_at_ms'])
      .expression((db) =>
        db
          .selectFrom('grants')
          .select(({ val }) => [val(to).as('account_id'), 'room_id', 'admitted_at_ms'])
          .where('account_id', '=', from),
      )
      .onConflict((conflict) => conflict.columns(['account_id', 'room_id']).doNothing())
      .execute();
  }

  async hasGrant(accountId: string, roomId: string): Promise<boolean> {
    return (await this.grantOf(accountId, roomId)) !== undefined;
  }

  /** Guests whose certificate expired before this time, longest-expired first. */
  async guestsExpiredBefore(timeMs: number, limit: number): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('accounts')
      .select('account_id')
      .where('role', '=', 'guest')
      .where('expires_at_ms', '<', timeMs)
      .where('expires_at_ms', '!=', DELETED)
      .orderBy('expires_at_ms')
      .limit(limit)
      .execute();
    return rows.map(({ account_id }) => account_id);
  }

  /** @throws {CanopyError} FORBIDDEN - the account belongs to a bridge or the gateway */
  async requirePerson(accountId: string): Promise<void> {
    const account = await this.find(accountId);
    if (account?.role === 'bridge' || account?.is_gateway === 1) {
      throw new CanopyError('FORBIDDEN', 'a bridge can be revoked, but not deleted');
    }
  }

  /** Makes an account nobody's, before what it left is deleted. It cannot be undone. */
  async markDeleted(accountId: string): Promise<void> {
    await this.#store.db
      .updateTable('accounts')
      .set({ display_name: '', role: 'guest', expires_at_ms: DELETED })
      .where('account_id', '=', accountId)
      .execute();
    this.#lastKnown.delete(accountId);
    await this.#store.sync();
  }

  /** Accounts whose deletion has begun. */
  async markedDeleted(): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('accounts')
      .select('account_id')
      .where('expires_at_ms', '=', DELETED)
      .execute();
    return rows.map(({ account_id }) => account_id);
  }

  /** Deletes an account with its devices and grants. */
  async remove(accountId: string): Promise<void> {
    await this.#store.db.deleteFrom('accounts').where('account_id', '=', accountId).execute();
    this.#lastKnown.delete(accountId);
    await this.#store.sync();
  }

  /**
   * Deletes guests with their devices and grants, unless their role has changed or they got a new certificate meanwhile. Returns those
   * deleted.
   */
  async deleteGuests(accountIds: string[], expiredBeforeMs: number): Promise<string[]> {
    const deleted = await this.#store.db
      .deleteFrom('accounts')
      .where('account_id', 'in', accountIds)
      .where('role', '=', 'guest')
      .where('expires_at_ms', '<', expiredBeforeMs)
      .returning('account_id')
      .execute();
    const ids = deleted.map(({ account_id }) => account_id);
    for (const accountId of ids) {
      this.#lastKnown.delete(accountId);
    }
    return ids;
  }
}
