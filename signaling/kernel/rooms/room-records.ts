import { LRUCache } from 'lru-cache';
import { CanopyError, type Logger } from '../../../base/index.ts';
import { type RoomChange, type RoomDescription, roomSettings } from '../../../contract/index.ts';
import { type Store, WriteBehind } from '../../store/index.ts';
import { mayOwn } from '../policy/index.ts';
import type { Principal } from '../principals/index.ts';
import type { RoomRow } from './tables.ts';

/** A room as it is remembered, open or not. Changed by RoomRecords only. */
export type RoomRecord = RoomDescription;

/** Records kept in memory; those of open rooms stay in any case. */
const MAX_CACHED = 10_000;
/** A room that nobody configured is forgotten after this time without use, in milliseconds. */
const FORGOTTEN_AFTER_MS = 30 * 86_400_000;
/** How many such rooms are remembered, so that naming random rooms cannot fill the disk. */
const MAX_UNCONFIGURED = 10_000;
/** How often the above are enforced, in milliseconds. */
const PRUNE_MS = 60_000;
/** How many rooms an owner may configure; those are never forgotten. */
const MAX_CONFIGURED_PER_OWNER = 100;

/**
 * What is remembered of rooms. That a room was used is written later and in batches, and nobody is kept out because it could not be
 * written; what an owner decides is written before it applies.
 */
export class RoomRecords {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #records: LRUCache<string, RoomRecord>;
  /** Unix time of the last use, by record. */
  readonly #uses: WriteBehind<RoomRecord, number>;
  #prunedAtMs = 0;
  /** The latest write: one at a time, so that none undoes another. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(store: Store, log?: Logger, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
    this.#uses = new WriteBehind({
      write: async (batch) => {
        await this.#inTurn(() => this.#write(batch.map(([record, nowMs]) => rowOf(record, nowMs))));
        await this.#prune();
      },
      log,
      warning: 'cannot record which rooms were used; trying again',
    });
    this.#records = new LRUCache({ max: MAX_CACHED, fetchMethod: (roomId) => this.#read(roomId) });
  }

  /** What is known of a room; of one that is not known, what holds for all. @throws {CanopyError} STORE_BUSY */
  async load(roomId: string): Promise<RoomRecord> {
    const record = await this.#records.fetch(roomId);
    return record ?? this.#read(roomId);
  }

  /** A room was opened. Whoever opens a room that nobody owns and nobody configured owns it from then on, unless they are a guest. */
  opened(record: RoomRecord, opener: Principal): void {
    if (record.ownerId === null && !isConfigured(record) && opener.kind === 'device' && mayOwn(opener)) {
      record.ownerId = opener.accountId;
    }
    this.used(record);
  }

  /** A room is in use. */
  used(record: RoomRecord): void {
    this.#uses.put(record, this.#now());
  }

  /**
   * Changes a room. The change applies once it is on disk.
   *
   * @param check called when it is this change's turn, after all earlier ones; it may throw
   * @throws {CanopyError} LIMIT_REACHED - too many accounts with a role, or rooms that this owner configured
   * @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE
   */
  configure(record: RoomRecord, change: RoomChange, check: () => void = () => {}): Promise<void> {
    return this.#inTurn(async () => {
      check();
      await this.#configure(record, change);
    });
  }

  /** Writes which rooms were used, as far as possible. Never rejects. */
  save(): Promise<void> {
    return this.#uses.save();
  }

  /** Writes the rest. */
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

  #inTurn(write: () => Promise<void>): Promise<void> {
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

  /** Forgets unconfigured rooms that were not used for long, and the oldest of too many. */
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
    const untilMs = Math.max(nowMs - FORGOTTEN_AFTER_MS, Number(firstTooMany?.last_used_at_ms ?? 0));
    await db
      .deleteFrom('rooms')
      .where('settings', '=', '{}')
      .where('title', 'is', null)
      .where('last_used_at_ms', '<=', untilMs)
      .execute();
    this.#prunedAtMs = nowMs;
  }
}

function isConfigured({ title, permissions, roles }: RoomRecord): boolean {
  return title !== null || Object.keys(permissions).length > 0 || Object.keys(roles).length > 0;
}

/** @throws {CanopyError} LIMIT_REACHED */
function merged(record: RoomRecord, change: RoomChange): RoomRecord {
  const { title = record.title, ownerId = record.ownerId } = change;
  const settings = roomSettings.safeParse({
    permissions: withoutNulls({ ...record.permissions, ...change.permissions }),
    roles: withoutNulls({ ...record.roles, ...change.roles }),
  });
  if (!settings.success) {
    throw new CanopyError('LIMIT_REACHED', settings.error.issues[0]?.message);
  }
  return { ...record, title, ownerId, ...settings.data };
}

function withoutNulls(entries: object): object {
  return Object.fromEntries(
    Object.entries(entries).filter(([, value]) => value !== null && value !== undefined),
  );
}

function rowOf(record: RoomRecord, nowMs: number): RoomRow {
  const { roomId, ownerId, title, permissions, roles } = record;
  return {
    room_id: roomId,
    owner_id: ownerId,
    title,
    settings: isConfigured({ ...record, title: null }) ? JSON.stringify({ permissions, roles }) : '{}',
    created_at_ms: nowMs,
    last_used_at_ms: nowMs,
  };
}
