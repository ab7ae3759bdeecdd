import { LRUCache } from 'lru-cache';
import { CanopyError, type Logger } from '../../../base/index.ts';
import { type RoomChange, type RoomDescription, roomSettings } from '../../../contract/index.ts';
import { type Store, WriteBehind } from '../../store/index.ts';
import { mayOwn } from '../policy/index.ts';
import type { Principal } from '../principals/index.ts';
import type { RoomRow } from './tables.ts';

/** A room's stored state, whether or not it is open. Only RoomRecords changes it. */
export type RoomRecord = RoomDescription;

/** Maximum number of records cached; open rooms hold theirs anyway. */
const MAX_CACHED = 10_000;
/** An unconfigured room is forgotten after this time without use, in milliseconds. */
const FORGET_AFTER_MS = 30 * 86_400_000;
/** Maximum number of unconfigured rooms, so that opening random names cannot fill the disk. */
const MAX_UNCONFIGURED = 10_000;
/** How often these two limits are enforced, in milliseconds. */
const PRUNE_MS = 60_000;
/** Maximum number of configured rooms per owner. These are never forgotten. */
const MAX_CONFIGURED_PER_OWNER = 100;

/**
 * Stored rooms. The use of rooms is written later, in batches, and a failed write keeps nobody out. Settings are written before they
 * apply.
 */
export class RoomRecords {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #records: LRUCache<string, RoomRecord>;
  /** Time of the last use, by record, as Unix time in milliseconds. */
  readonly #uses: WriteBehind<RoomRecord, number>;
  #prunedAtMs = 0;
  /** The latest write. Writes run one at a time, so that none overwrites another. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(store: Store, log?: Logger, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
    this.#uses = new WriteBehind({
      write: async (batch) => {
        await this.#serialize(() => this.#write(batch.map(([record, nowMs]) => rowOf(record, nowMs))));
        await this.#prune();
      },
      log,
      warning: 'cannot record which rooms were used; trying again',
    });
    this.#records = new LRUCache({ max: MAX_CACHED, fetchMethod: (roomId) => this.#read(roomId) });
  }

  /** The record of a room; an unknown room has the defaults. @throws {CanopyError} STORE_BUSY */
  async load(roomId: string): Promise<RoomRecord> {
    const record = await this.#records.fetch(roomId);
    return record ?? this.#read(roomId);
  }

  /** Records that a room was opened. The opener of an unconfigured room without an owner becomes its owner, except for guests. */
  opened(record: RoomRecord, opener: Principal): void {
    if (record.ownerId === null && !isConfigured(record) && opener.kind === 'device' && mayOwn(opener)) {
      record.ownerId = opener.accountId;
    }
    this.used(record);
  }

  /** Records that a room is in use. */
  used(record: RoomRecord): void {
    this.#uses.put(record, this.#now());
  }

  /**
   * Changes a room. The change applies once it is on disk.
   *
   * @param check called after all earlier changes are done; it may throw to refuse this one
   * @throws {CanopyError} LIMIT_REACHED - too many accounts with a role, or rooms that this owner configured
   * @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE
   */
  configure(record: RoomRecord, change: RoomChange, check: () => void = () => {}): Promise<void> {
    return this.#serialize(async () => {
      check();
      await this.#configure(record, change);
    });
  }

  /** Tries to write which rooms were used. Never rejects. */
  save(): Promise<void> {
    return this.#uses.save();
  }

  /** Writes what is unsaved. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#uses.close();
  }

  async #read(roomId: string): Promise<RoomRecord> {
    const row = await this.#store.db
      .selectFrom('rooms')
      .selectAll()
      .where('room_id', '=', roomId)
      .executeTakeFirst();
    const settings = roomSettings.parse({ permissions: {}, roles: {}, ...JSON.parse(row?.settings ?? '{}') });
    return { roomId, ownerId: row?.owner_id ?? null, title: row?.title ?? null, ...settings };
  }

  async #configure(record: RoomRecord, change: RoomChange): Promise<void> {
    const changed = merged(record, change);
    if (!isConfigured(record) && isConfigured(changed)) {
      await this.#requireSpace(record);
    }
    const row = rowOf(changed, this.#now());
    const { owner_id, title, settings } = row;
    await this.#store.db
      .insertInto('rooms')
      .values(row)
      .onConflict((conflict) => conflict.column('room_id').doUpdateSet({ owner_id, title, settings }))
      .execute();
    await this.#store.sync();
    Object.assign(record, changed);
  }

  /** @throws {CanopyError} LIMIT_REACHED */
  async #requireSpace({ ownerId }: RoomRecord): Promise<void> {
    if (ownerId === null) {
      return;
    }
    const { count } = await this.#store.db
      .selectFrom('rooms')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('owner_id', '=', ownerId)
      .where(({ eb, or }) => or([eb('settings', '!=', '{}'), eb('title', 'is not', null)]))
      .executeTakeFirstOrThrow();
    if (Number(count) >= MAX_CONFIGURED_PER_OWNER) {
      throw new CanopyError(
        'LIMIT_REACHED',
        `at most ${MAX_CONFIGURED_PER_OWNER} configured rooms per owner`,
      );
    }
  }

  #serialize(write: () => Promise<void>): Promise<void> {
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #write(rows: RoomRow[]): Promise<void> {
    await this.#store.db.transaction().execute(async (transaction) => {
      for (const row of rows) {
        await transaction
          .insertInto('rooms')
          .values(row)
          .onConflict((conflict) =>
            conflict.column('room_id').doUpdateSet(({ fn, ref }) => ({
              last_used_at_ms: row.last_used_at_ms,
              owner_id: fn.coalesce('rooms.owner_id', ref('excluded.owner_id')),
            })),
          )
          .execute();
      }
    });
  }

  /** Deletes unconfigured rooms that have not been used for a long time, and the oldest beyond the maximum. */
  async #prune(): Promise<void> {
    const nowMs = this.#now();
    if (nowMs - this.#prunedAtMs < PRUNE_MS) {
      return;
    }
    const { db } = this.#store;
    const firstTooMany = await db
      .selectFrom('rooms')
      .select('last_used_at_ms')
      .where('settings', '=', '{}')
      .where('title', 'is', null)
      .orderBy('last_used_at_ms', 'desc')
      .limit(1)
      .offset(MAX_UNCONFIGURED)
      .executeTakeFirst();
    const untilMs = Math.max(nowMs - FORGET_AFTER_MS, Number(firstTooMany?.last_used_at_ms ?? 0));
    await db
      .deleteFrom('rooms')
      .where('settings', '=', '{}')
      .where('title', 'is', null)
      .where('last_used_at_ms', '<=', untilMs)
      .execute();
    this.#prunedAtMs = nowMs;
  }
}

function isConfigured({ title, permissions, roles, chatHistory, chatDays }: RoomRecord): boolean {
  return (
    title !== null ||
    Object.keys(permissions).length > 0 ||
    Object.keys(roles).length > 0 ||
    chatHistory !== undefined ||
    chatDays !== undefined
  );
}

/** @throws {CanopyError} LIMIT_REACHED */
function merged(record: RoomRecord, change: RoomChange): RoomRecord {
  const { title = record.title, ownerId = record.ownerId } = change;
  const { chatHistory = record.chatHistory, chatDays = record.chatDays } = change;
  const settings = roomSettings.safeParse({
    permissions: withoutNulls({ ...record.permissions, ...change.permissions }),
    roles: withoutNulls({ ...record.roles, ...change.roles }),
    ...withoutNulls({ chatHistory, chatDays }),
  });
  if (!settings.success) {
    throw new CanopyError('LIMIT_REACHED', settings.error.issues[0]?.message);
  }
  return { ...record, title, ownerId, chatHistory: undefined, chatDays: undefined, ...settings.data };
}

function withoutNulls(entries: object): object {
  return Object.fromEntries(
    Object.entries(entries).filter(([, value]) => value !== null && value !== undefined),
  );
}

function rowOf(record: RoomRecord, nowMs: number): RoomRow {
  const { roomId, ownerId, title, permissions, roles, chatHistory, chatDays } = record;
  return {
    room_id: roomId,
    owner_id: ownerId,
    title,
    settings: isConfigured({ ...record, title: null })
      ? JSON.stringify({ permissions, roles, chatHistory, chatDays })
      : '{}',
    created_at_ms: nowMs,
    last_used_at_ms: nowMs,
  };
}
