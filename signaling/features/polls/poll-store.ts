import type { Kysely, Transaction } from 'kysely';
import { moveRows, type Store, type Tables } from '../../store/index.ts';
import type { PollRow, PollVoteRow } from './tables.ts';

type Db = Kysely<Tables> | Transaction<Tables>;

/** Polls that one step of the retention deletes, since others wait for it. */
const DELETED_AT_ONCE = 100;
/** Maximum number of names that are listed for an answer. */
const MAX_LISTED = 500;

/** What is stored about the polls of a room. */
export interface StoredPolls {
  polls: PollRow[];
  /** The votes in open polls. */
  votes: PollVoteRow[];
  /** Since when each account has seen polls here. Unix times in milliseconds. */
  viewers: Map<string, number>;
}

/** The tables of polls. */
export class PollStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(roomId: string): Promise<StoredPolls> {
    const { db } = this.#store;
    const polls = await db.selectFrom('polls').selectAll().where('room_id', '=', roomId).execute();
    const votes = await db
      .selectFrom('poll_votes')
      .innerJoin('polls', 'polls.poll_id', 'poll_votes.poll_id')
      .selectAll('poll_votes')
      .where('polls.room_id', '=', roomId)
      .where('polls.status', '=', 'open')
      .execute();
    const viewers =
      polls.length === 0
        ? []
        : await db.selectFrom('poll_viewers').selectAll().where('room_id', '=', roomId).execute();
    return {
      polls,
      votes,
      viewers: new Map(viewers.map(({ account_id, since_ms }) => [account_id, Number(since_ms)])),
    };
  }

  /** Number of polls on the server, or those that an account wrote. */
  async count(accountId?: string): Promise<number> {
    let query = this.#store.db.selectFrom('polls').select(({ fn }) => fn.countAll().as('count'));
    if (accountId !== undefined) {
      query = query.where('account_id', '=', accountId);
    }
    return Number((await query.executeTakeFirstOrThrow()).count);
  }

  async insert(poll: PollRow): Promise<void> {
    await this.#store.db.insertInto('polls').values(poll).execute();
  }

  async update(pollId: string, change: Partial<PollRow>): Promise<void> {
    await this.#store.db.updateTable('polls').set(change).where('poll_id', '=', pollId).execute();
  }

  /** Closes a poll. Nothing remains of who voted in an anonymous one. */
  async close({ poll_id, anonymous }: PollRow, change: Partial<PollRow>): Promise<void> {
    await this.#store.transaction(async (db) => {
      await db.updateTable('polls').set(change).where('poll_id', '=', poll_id).execute();
      if (anonymous) {
        await db.deleteFrom('poll_votes').where('poll_id', '=', poll_id).execute();
      }
    });
  }

  async delete(pollId: string): Promise<void> {
    await this.#store.transaction((db) => remove(db, [pollId]));
  }

  /** Records what an account chose, or that it takes its vote back (`answers`: undefined). `rev`: the poll's from now on. */
  async vote(
    rev: number,
    { poll_id, account_id, display_name, answers }: Omit<PollVoteRow, 'answers'> & { answers?: string },
  ): Promise<void> {
    await this.#store.transaction(async (db) => {
      await db.updateTable('polls').set({ rev }).where('poll_id', '=', poll_id).execute();
      if (answers === undefined) {
        await db
          .deleteFrom('poll_votes')
          .where('poll_id', '=', poll_id)
          .where('account_id', '=', account_id)
          .execute();
        return;
      }
      await db
        .insertInto('poll_votes')
        .values({ poll_id, account_id, display_name, answers })
        .onConflict((conflict) =>
          conflict.columns(['poll_id', 'account_id']).doUpdateSet({ display_name, answers }),
        )
        .execute();
    });
  }

  async addViewers(roomId: string, accountIds: readonly string[], sinceMs: number): Promise<void> {
    if (accountIds.length > 0) {
      await this.#store.db
        .insertInto('poll_viewers')
        .values(accountIds.map((account_id) => ({ room_id: roomId, account_id, since_ms: sinceMs })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  }

  /** The votes in a poll whose voters may be named, those with the least account ids first. */
  votes(pollId: string, answers: number): Promise<PollVoteRow[]> {
    return this.#store.db
      .selectFrom('poll_votes')
      .selectAll()
      .where('poll_id', '=', pollId)
      .where('display_name', 'is not', null)
      .orderBy('account_id')
      .limit(MAX_LISTED * answers)
      .execute();
  }

  /** The open polls whose time is over. */
  async overdue(nowMs: number): Promise<Array<Pick<PollRow, 'poll_id' | 'room_id'>>> {
    return this.#store.db
      .selectFrom('polls')
      .select(['poll_id', 'room_id'])
      .where('status', '=', 'open')
      .where('closes_at_ms', '<=', nowMs)
      .execute();
  }

  /** When the next open poll is to be closed, as Unix time in milliseconds. */
  async nextDeadlineMs(): Promise<number | undefined> {
    const row = await this.#store.db
      .selectFrom('polls')
      .select(({ fn }) => fn.min('closes_at_ms').as('next'))
      .where('status', '=', 'open')
      .executeTakeFirst();
    return row?.next === null || row?.next === undefined ? undefined : Number(row.next);
  }

  /** Rooms with a poll that has not changed since this time. */
  async roomsBefore(timeMs: number): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('polls')
      .select('room_id')
      .where('changed_at_ms', '<', timeMs)
      .groupBy('room_id')
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** Some of a room's polls that have not changed since this time. */
  async before(roomId: string, timeMs: number): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('polls')
      .select('poll_id')
      .where('room_id', '=', roomId)
      .where('changed_at_ms', '<', timeMs)
      .limit(DELETED_AT_ONCE)
      .execute();
    return rows.map(({ poll_id }) => poll_id);
  }

  /** Forgets since when people have seen polls in rooms that have none any more. */
  async forgetViewers(): Promise<void> {
    await this.#store.db
      .deleteFrom('poll_viewers')
      .where(({ eb, selectFrom }) => eb('room_id', 'not in', selectFrom('polls').select('polls.room_id')))
      .execute();
  }

  async forgetRoom(db: Db, roomId: string): Promise<void> {
    const rows = await db.selectFrom('polls').select('poll_id').where('room_id', '=', roomId).execute();
    await remove(
      db,
      rows.map(({ poll_id }) => poll_id),
    );
    await db.deleteFrom('poll_viewers').where('room_id', '=', roomId).execute();
  }

  /** Rooms with a poll that an account asked or voted in. */
  async roomsOf(accountId: string): Promise<string[]> {
    const { db } = this.#store;
    const rows = await db
      .selectFrom('polls')
      .select('room_id')
      .where('account_id', '=', accountId)
      .union(
        db
          .selectFrom('poll_votes')
          .innerJoin('polls', 'polls.poll_id', 'poll_votes.poll_id')
          .select('polls.room_id')
          .where('poll_votes.account_id', '=', accountId),
      )
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** What an account chose, by poll, as far as that is stored. */
  async votesOf(accountId: string): Promise<Map<string, number[]>> {
    const rows = await this.#store.db
      .selectFrom('poll_votes')
      .select(['poll_id', 'answers'])
      .where('account_id', '=', accountId)
      .execute();
    return new Map(rows.map(({ poll_id, answers }) => [poll_id, JSON.parse(answers) as number[]]));
  }

  /** Gives the polls, votes and rights to see polls of an account to another one. */
  async replaceAccount(from: string, to: string): Promise<void> {
    await this.#store.transaction(async (db) => {
      await db.updateTable('polls').set({ account_id: to }).where('account_id', '=', from).execute();
      await moveRows(db, 'poll_votes', 'poll_id', { from, to });
      await moveRows(db, 'poll_viewers', 'room_id', { from, to });
    });
  }

  /** Forgets who wrote the polls of an account and what it chose in closed ones. Returns the rooms of open polls in which it voted. */
  async forgetAccount(accountId: string): Promise<string[]> {
    return this.#store.transaction(async (db) => {
      const open = await db
        .selectFrom('poll_votes')
        .innerJoin('polls', 'polls.poll_id', 'poll_votes.poll_id')
        .select('polls.room_id')
        .distinct()
        .where('poll_votes.account_id', '=', accountId)
        .where('polls.status', '=', 'open')
        .execute();
      await db
        .deleteFrom('poll_votes')
        .where('account_id', '=', accountId)
        .where(({ eb, selectFrom }) =>
          eb('poll_id', 'in', selectFrom('polls').select('polls.poll_id').where('status', '=', 'closed')),
        )
        .execute();
      await db.deleteFrom('poll_viewers').where('account_id', '=', accountId).execute();
      await db
        .updateTable('polls')
        .set({ account_id: null, display_name: null })
        .where('account_id', '=', accountId)
        .execute();
      return open.map(({ room_id }) => room_id);
    });
  }
}

async function remove(db: Db, pollIds: string[]): Promise<void> {
  if (pollIds.length > 0) {
    await db.deleteFrom('poll_votes').where('poll_id', 'in', pollIds).execute();
    await db.deleteFrom('polls').where('poll_id', 'in', pollIds).execute();
  }
}
