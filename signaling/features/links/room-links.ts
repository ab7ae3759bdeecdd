import { createHash, createHmac, randomUUID } from 'node:crypto';
import type { Transaction } from 'kysely';
import { CanopyError } from '../../../base/index.ts';
import type { RoomLink } from '../../../contract/index.ts';
import { isAddressMark } from '../../kernel/index.ts';
import type { Store, Tables } from '../../store/index.ts';
import type { RoomLinkRow } from './tables.ts';
import type { Way } from './way.ts';

/** A link without its address, which depends on who asks. */
export type RoomLinkRecord = Omit<RoomLink, 'url'> & {
  /** Undefined if the key it was derived from was lost. */
  secret: string | undefined;
};

export interface RoomLinksOptions {
  store: Store;
  /** The key that secrets are derived from, so that a link can be shown again although the store has only its hash. */
  key: string;
  /** Maximum new guests per link and hour. */
  guestsPerHour: number;
  /** Default: the system's clock. */
  now?: () => number;
}

const HOUR_MS = 3_600_000;
/** Length of a secret, in bytes. */
const SECRET_BYTES = 24;
/** Maximum number of valid links. */
const MAX_PER_ROOM = 20;
const MAX_PER_ACCOUNT = 1000;
/** How long an invalid link is still told apart from an unknown one, in milliseconds. */
const REMEMBERED_MS = 90 * 24 * HOUR_MS;

/** Links to rooms that any number of people can use. Only hashes of their secrets are stored. */
export class RoomLinks {
  readonly #store: Store;
  readonly #options: RoomLinksOptions;
  readonly #now: () => number;

  constructor(options: RoomLinksOptions) {
    this.#store = options.store;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** @throws {CanopyError} LIMIT_REACHED - too many valid links to the room, or made by the account */
  async create(link: {
    roomId: string;
    ttlSeconds: number;
    maxPeople?: number | null | undefined;
    /** The account that makes it; omitted for the command line and the API key. */
    createdBy?: string | undefined;
  }): Promise<RoomLinkRecord> {
    const work = (db: Db) => this.#insert(db, link);
    const row = await this.#store.transaction(work, `room links ${link.roomId}`);
    await this.#store.sync();
    return this.#describe(row, 0);
  }

  /** The valid links to a room, oldest first. */
  async list(roomId: string): Promise<RoomLinkRecord[]> {
    const nowMs = this.#now();
    const rows = await this.#store.db
      .selectFrom('room_links')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('withdrawn_at_ms', 'is', null)
      .where('expires_at_ms', '>', nowMs)
      .orderBy('created_at_ms')
      .orderBy('link_id')
      .execute();
    return Promise.all(rows.map(async (row) => this.#describe(row, await this.#people(row.link_id))));
  }

  /** The valid link with this secret. @throws {CanopyError} LINK_UNKNOWN, LINK_EXPIRED, LINK_WITHDRAWN */
  find(secret: string): Promise<RoomLinkRow> {
    return this.#find('secret_hash', hash(secret));
  }

  /** The valid link with this id. @throws {CanopyError} LINK_UNKNOWN, LINK_EXPIRED, LINK_WITHDRAWN */
  byId(linkId: string): Promise<RoomLinkRow> {
    return this.#find('link_id', linkId);
  }

  /**
   * Replaces a link by a new one with the same limits.
   *
   * @throws {CanopyError} LINK_UNKNOWN, LINK_EXPIRED, LINK_WITHDRAWN
   */
  async renew(
    linkId: string,
    change: { ttlSeconds: number; maxPeople?: number | null | undefined; createdBy?: string | undefined },
  ): Promise<RoomLinkRecord> {
    const old = await this.byId(linkId);
    const work = async (db: Db) => {
      if (!(await this.#withdraw(db, linkId))) {
        throw new CanopyError('LINK_WITHDRAWN');
      }
      const { ttlSeconds, maxPeople = old.max_people, createdBy } = change;
      return this.#insert(db, { roomId: old.room_id, ttlSeconds, maxPeople, createdBy });
    };
    const row = await this.#store.transaction(work, `room links ${old.room_id}`);
    await this.#store.sync();
    return this.#describe(row, 0);
  }

  /** Withdraws a link; false if it is not valid any more. */
  async withdraw(linkId: string): Promise<boolean> {
    const isWithdrawn = await this.#withdraw(this.#store.db, linkId);
    await this.#store.sync();
    return isWithdrawn;
  }

  /** Gives an account the links that another one made. */
  async replaceAccount(from: string, to: string): Promise<void> {
    await this.#store.db
      .updateTable('room_links')
      .set({ created_by: to })
      .where('created_by', '=', from)
      .execute();
  }

  /** Withdraws the links that an account made. Returns their ids. `roomId`: only those to this room. */
  async withdrawFrom(accountId: string, roomId?: string): Promise<string[]> {
    const nowMs = this.#now();
    let theirs = this.#store.db
      .updateTable('room_links')
      .set({ withdrawn_at_ms: nowMs })
      .where('created_by', '=', accountId)
      .where('withdrawn_at_ms', 'is', null);
    if (roomId !== undefined) {
      theirs = theirs.where('room_id', '=', roomId);
    }
    const rows = await theirs.returning('link_id').execute();
    await this.#store.sync();
    return rows.map(({ link_id }) => link_id);
  }

  /** Whether one of these accounts enrolled through a link. */
  async broughtAny(linkId: string, accountIds: readonly string[]): Promise<boolean> {
    if (accountIds.length === 0) {
      return false;
    }
    const account = await this.#store.db
      .selectFrom('accounts')
      .select('account_id')
      .where('invitation', '=', linkId)
      .where('account_id', 'in', accountIds)
      .limit(1)
      .executeTakeFirst();
    return account !== undefined;
  }

  /** Checks that one more guest may be let in now. @throws {CanopyError} LINK_FULL; LIMIT_REACHED - too many by a room's address */
  async demandSpace({ link_id, max_people }: Way): Promise<void> {
    const { guestsPerHour } = this.#options;
    const { count } = await this.#store.db
      .selectFrom('invitations')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('link_id', '=', link_id)
      .where('created_at_ms', '>', this.#now() - HOUR_MS)
      .executeTakeFirstOrThrow();
    if (Number(count) >= guestsPerHour) {
      const code = isAddressMark(link_id) ? 'LIMIT_REACHED' : 'LINK_FULL';
      throw new CanopyError(code, `at most ${guestsPerHour} new guests per hour`);
    }
    if (max_people !== null && (await this.#people(link_id)) >= max_people) {
      throw new CanopyError('LINK_FULL', `at most ${max_people} guests at a time`);
    }
  }

  /** Name of the account that made a link; null if no account did, or it is gone. */
  async creatorOf({ created_by }: RoomLinkRow): Promise<{ accountId: string; displayName: string } | null> {
    if (created_by === null) {
      return null;
    }
    const account = await this.#store.db
      .selectFrom('accounts')
      .select('display_name')
      .where('account_id', '=', created_by)
      .executeTakeFirst();
    return account ? { accountId: created_by, displayName: account.display_name } : null;
  }

  /** Deletes the links to a room. */
  async forgetRoom(db: Pick<Transaction<Tables>, 'deleteFrom'>, roomId: string): Promise<void> {
    await db.deleteFrom('room_links').where('room_id', '=', roomId).execute();
  }

  /** Deletes the links that an account made. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.#store.db.deleteFrom('room_links').where('created_by', '=', accountId).execute();
  }

  /** Deletes links that have long been invalid. */
  async prune(): Promise<void> {
    const beforeMs = this.#now() - REMEMBERED_MS;
    await this.#store.db
      .deleteFrom('room_links')
      .where(({ eb, or }) => or([eb('expires_at_ms', '<', beforeMs), eb('withdrawn_at_ms', '<', beforeMs)]))
      .execute();
  }

  async #find(column: 'secret_hash' | 'link_id', value: string): Promise<RoomLinkRow> {
    const row = await this.#store.db
      .selectFrom('room_links')
      .selectAll()
      .where(column, '=', value)
      .executeTakeFirst();
    if (!row) {
      throw new CanopyError('LINK_UNKNOWN');
    }
    if (row.withdrawn_at_ms !== null) {
      throw new CanopyError('LINK_WITHDRAWN');
    }
    if (row.expires_at_ms <= this.#now()) {
      throw new CanopyError('LINK_EXPIRED');
    }
    return row;
  }

  async #insert(
    db: Db,
    link: {
      roomId: string;
      ttlSeconds: number;
      maxPeople?: number | null | undefined;
      createdBy?: string | undefined;
    },
  ): Promise<RoomLinkRow> {
    const { roomId, ttlSeconds, maxPeople = null, createdBy = null } = link;
    await this.#demandSpaceFor(db, roomId, createdBy);
    const linkId = randomUUID();
    const nowMs = this.#now();
    const row: RoomLinkRow = {
      link_id: linkId,
      secret_hash: hash(this.#secretOf(linkId)),
      room_id: roomId,
      created_by: createdBy,
      created_at_ms: nowMs,
      expires_at_ms: nowMs + ttlSeconds * 1000,
      withdrawn_at_ms: null,
      max_people: maxPeople,
    };
    await db.insertInto('room_links').values(row).execute();
    return row;
  }

  /** @throws {CanopyError} LIMIT_REACHED */
  async #demandSpaceFor(db: Db, roomId: string, createdBy: string | null): Promise<void> {
    const limits = [
      ['room_id', roomId, MAX_PER_ROOM, 'per room'],
      ['created_by', createdBy, MAX_PER_ACCOUNT, 'per account'],
    ] as const;
    for (const [column, value, most, per] of limits) {
      if (value === null) {
        continue;
      }
      const { count } = await db
        .selectFrom('room_links')
        .select(({ fn }) => fn.countAll().as('count'))
        .where(column, '=', value)
        .where('withdrawn_at_ms', 'is', null)
        .where('expires_at_ms', '>', this.#now())
        .executeTakeFirstOrThrow();
      if (Number(count) >= most) {
        throw new CanopyError('LIMIT_REACHED', `at most ${most} room links ${per}`);
      }
    }
  }

  async #withdraw(db: Db, linkId: string): Promise<boolean> {
    const nowMs = this.#now();
    const { numUpdatedRows } = await db
      .updateTable('room_links')
      .set({ withdrawn_at_ms: nowMs })
      .where('link_id', '=', linkId)
      .where('withdrawn_at_ms', 'is', null)
      .where('expires_at_ms', '>', nowMs)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** Guests of a link whose account is valid, and people who were admitted and are about to enrol. */
  async #people(linkId: string): Promise<number> {
    const nowMs = this.#now();
    const [accounts, invitations] = await Promise.all([
      this.#store.db
        .selectFrom('accounts')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('invitation', '=', linkId)
        .where('expires_at_ms', '>', nowMs)
        .executeTakeFirstOrThrow(),
      this.#store.db
        .selectFrom('invitations')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('link_id', '=', linkId)
        .where('used_at_ms', 'is', null)
        .where('expires_at_ms', '>', nowMs)
        .executeTakeFirstOrThrow(),
    ]);
    return Number(accounts.count) + Number(invitations.count);
  }

  async #describe(row: RoomLinkRow, people: number): Promise<RoomLinkRecord> {
    const secret = this.#secretOf(row.link_id);
    return {
      linkId: row.link_id,
      roomId: row.room_id,
      secret: hash(secret) === row.secret_hash ? secret : undefined,
      createdBy: await this.creatorOf(row),
      createdAtMs: row.created_at_ms,
      expiresAtMs: row.expires_at_ms,
      maxPeople: row.max_people,
      people,
    };
  }

  #secretOf(linkId: string): string {
    return createHmac('sha256', this.#options.key)
      .update(`room link ${linkId}`)
      .digest()
      .subarray(0, SECRET_BYTES)
      .toString('base64url');
  }
}

type Db = Pick<Transaction<Tables>, 'selectFrom' | 'insertInto' | 'updateTable'>;

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
