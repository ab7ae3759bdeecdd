import type { Transaction } from 'kysely';
import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../../base/index.ts';
import type { Store, Tables } from '../../store/index.ts';
import type { RoomBanRow } from './tables.ts';

/** Maximum number of rooms whose bans are cached. */
const MAX_CACHED = 10_000;
/** Maximum number of bans per room. */
const MAX_BANS = 500;

/** The stored bans of each room, by account. Cached, since everyone who enters a room is looked up. */
export class BanRecords {
  readonly #store: Store;
  readonly #cache: LRUCache<string, Map<string, RoomBanRow>>;

  constructor(store: Store) {
    this.#store = store;
    this.#cache = new LRUCache({
      max: MAX_CACHED,
      fetchMethod: (roomId) => this.#read(roomId),
      // A change of the bans while somebody enters must not fail their entry: they came just before it.
      ignoreFetchAbort: true,
    });
  }

  /** @throws {CanopyError} STORE_BUSY */
  async of(roomId: string): Promise<ReadonlyMap<string, RoomBanRow>> {
    return (await this.#cache.fetch(roomId)) ?? this.#read(roomId);
  }

  /** Adds or replaces a ban. It applies once it is on disk. @throws {CanopyError} LIMIT_REACHED, STORE_BUSY, STORE_UNWRITABLE */
  async put(ban: RoomBanRow): Promise<void> {
    const bans = await this.of(ban.room_id);
    if (bans.size >= MAX_BANS && !bans.has(ban.account_id)) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_BANS} bans per room`);
    }
    const { room_id: _, account_id: __, ...changes } = ban;
    await this.#store.db
      .insertInto('room_bans')
      .values(ban)
      .onConflict((conflict) => conflict.columns(['room_id', 'account_id']).doUpdateSet(changes))
      .execute();
    await this.#written(ban.room_id);
  }

  /** @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE */
  async delete(roomId: string, accountId: string): Promise<void> {
    await this.#store.db
      .deleteFrom('room_bans')
      .where('room_id', '=', roomId)
      .where('account_id', '=', accountId)
      .execute();
    await this.#written(roomId);
  }

  /** Deletes the bans of a room, without those in the cache: call reread() when the transaction is committed. */
  async forgetRoom(db: Transaction<Tables>, roomId: string): Promise<void> {
    await db.deleteFrom('room_bans').where('room_id', '=', roomId).execute();
  }

  /** Bans an account wherever another one of the same person is banned. */
  async copy(from: string, to: string): Promise<void> {
    const theirs = await this.#store.db
      .selectFrom('room_bans')
      .selectAll()
      .where('account_id', '=', from)
      .execute();
    for (const ban of theirs) {
      await this.#store.db
        .insertInto('room_bans')
        .values({ ...ban, account_id: to })
        .onConflict((conflict) => conflict.columns(['room_id', 'account_id']).doNothing())
        .execute();
      await this.#written(ban.room_id);
    }
  }

  /** Deletes the bans of an account that is being deleted, except those of its link, and what names it. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.#store.transaction(async (db) => {
      await db
        .deleteFrom('room_bans')
        .where('account_id', '=', accountId)
        .where('invitation', 'is', null)
        .execute();
      await db
        .updateTable('room_bans')
        .set({ display_name: '' })
        .where('account_id', '=', accountId)
        .execute();
      await db
        .updateTable('room_bans')
        .set({ banned_by: null, banned_by_name: null })
        .where('banned_by', '=', accountId)
        .execute();
    }, `bans of account ${accountId}`);
    this.#cache.clear();
    await this.#store.sync();
  }

  /** Forgets what is cached of a room. */
  reread(roomId: string): void {
    this.#cache.delete(roomId);
  }

  async #written(roomId: string): Promise<void> {
    this.#cache.delete(roomId);
    await this.#store.sync();
  }

  async #read(roomId: string): Promise<Map<string, RoomBanRow>> {
    const rows = await this.#store.db
      .selectFrom('room_bans')
      .selectAll()
      .where('room_id', '=', roomId)
      .orderBy('banned_at_ms', 'desc')
      .execute();
    return new Map(rows.map((row) => [row.account_id, { ...row, banned_at_ms: Number(row.banned_at_ms) }]));
  }
}
