import type { Transaction } from 'kysely';
import type { Logger } from '../../../base/index.ts';
import { type Store, type Tables, WriteBehind } from '../../store/index.ts';
import type { RoomVisitRow } from './tables.ts';

/** How many rooms are remembered per account. */
const MAX_PER_ACCOUNT = 50;
const DAY_MS = 86_400_000;
/** How often visits are pruned by age, in milliseconds. */
const PRUNE_MS = 3_600_000;

export interface RoomVisit {
  roomId: string;
  visitedAtMs: number;
}

/** Which rooms each account was in lately. Written later, in batches. */
export class RoomVisits {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #keptMs: number;
  /** Times by `account room`. */
  readonly #unsaved: WriteBehind<string, number>;
  #prunedAtMs = 0;

  /** @param keptDays how long a visit is remembered */
  constructor(store: Store, log?: Logger, now: () => number = Date.now, keptDays = 90) {
    this.#store = store;
    this.#now = now;
    this.#keptMs = keptDays * DAY_MS;
    this.#unsaved = new WriteBehind({
      write: (batch) => this.#write(batch),
      log,
      warning: 'cannot record who was in which room; trying again',
    });
  }

  /** Records that an account is in a room. */
  visited(accountId: string, roomId: string): void {
    this.#unsaved.put(`${accountId} ${roomId}`, this.#now());
  }

  /** The rooms that an account was in, latest first: at most 50. */
  async of(accountId: string): Promise<RoomVisit[]> {
    await this.save();
    const rows = await this.#store.db
      .selectFrom('room_visits')
      .selectAll()
      .where('account_id', '=', accountId)
      .orderBy('visited_at_ms', 'desc')
      .orderBy('room_id', 'desc')
      .limit(MAX_PER_ACCOUNT)
      .execute();
    return rows.map(({ room_id, visited_at_ms }) => ({
      roomId: room_id,
      visitedAtMs: Number(visited_at_ms),
    }));
  }

  /** Tries to write what is unsaved. Never rejects. */
  save(): Promise<void> {
    return this.#unsaved.save();
  }

  /** Deletes the visits to a room. Call save() before the transaction. */
  async forgetRoom(db: Transaction<Tables>, roomId: string): Promise<void> {
    await db.deleteFrom('room_visits').where('room_id', '=', roomId).execute();
  }

  /** Gives an account the visits of another one. */
  async replaceAccount(from: string, to: string): Promise<void> {
    await this.save();
    const rows = await this.#store.db
      .selectFrom('room_visits')
      .selectAll()
      .where('account_id', '=', from)
      .execute();
    for (const { room_id, visited_at_ms } of rows) {
      this.#unsaved.put(`${to} ${room_id}`, Number(visited_at_ms));
    }
    await this.save();
  }

  /** Deletes the visits of an account. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.save();
    await this.#store.db.deleteFrom('room_visits').where('account_id', '=', accountId).execute();
  }

  /** Writes what is unsaved. */
  async close(): Promise<void> {
    await this.#unsaved.close();
  }

  async #write(batch: Array<[key: string, visitedAtMs: number]>): Promise<void> {
    await this.#store.db.transaction().execute(async (db) => {
      const accounts = new Set<string>();
      for (const [key, visited_at_ms] of batch) {
        const [account_id = '', room_id = ''] = key.split(' ');
        const row: RoomVisitRow = { account_id, room_id, visited_at_ms };
        accounts.add(account_id);
        await db
          .insertInto('room_visits')
          .values(row)
          .onConflict((conflict) =>
            conflict.columns(['account_id', 'room_id']).doUpdateSet({ visited_at_ms }),
          )
          .execute();
      }
      for (const accountId of accounts) {
        await this.#keepLatest(db, accountId);
      }
    });
    const nowMs = this.#now();
    if (nowMs - this.#prunedAtMs >= PRUNE_MS) {
      await this.#store.db
        .deleteFrom('room_visits')
        .where('visited_at_ms', '<', nowMs - this.#keptMs)
        .execute();
      this.#prunedAtMs = nowMs;
    }
  }

  async #keepLatest(db: Transaction<Tables>, accountId: string): Promise<void> {
    const firstTooMany = await db
      .selectFrom('room_visits')
      .select('visited_at_ms')
      .where('account_id', '=', accountId)
      .orderBy('visited_at_ms', 'desc')
      .limit(1)
      .offset(MAX_PER_ACCOUNT)
      .executeTakeFirst();
    if (firstTooMany) {
      await db
        .deleteFrom('room_visits')
        .where('account_id', '=', accountId)
        .where('visited_at_ms', '<=', firstTooMany.visited_at_ms)
        .execute();
    }
  }
}
