import type { Transaction } from 'kysely';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { CanopyError, type Logger } from '../../../base/index.ts';
import {
  type EncryptionPolicy,
  type RoomChange,
  type RoomDescription,
  type RoomSchedule,
  roomSettings,
} from '../../../contract/index.ts';
import type { IdentitySource } from '../../identity/index.ts';
import { type Store, type Tables, WriteBehind } from '../../store/index.ts';
import { mayOwn } from '../policy/index.ts';
import type { Principal } from '../principals/index.ts';
import type { RoomRow } from './tables.ts';

/**
 * What is stored of a room's settings: in addition to what owners see, the hash of its PIN, the main room of a breakout room, and what
 * certifies the devices that may enter it if it is encrypted (absent: whatever certifies the first one inside).
 */
const storedSettings = roomSettings.extend({
  pinHash: z.string().optional(),
  parentId: z.string().optional(),
  certifiedBy: z.enum(['invite', 'pki']).optional(),
});

/** A room's stored state, whether or not it is open. Only RoomRecords changes it. */
export type RoomRecord = Pick<RoomDescription, 'roomId' | 'ownerId' | 'title'> &
  z.infer<typeof storedSettings> & {
    /** The two accounts of a direct call, whose room is not stored. */
    parties?: readonly string[] | undefined;
    /** Whether one of the two is on a phone. */
    onPhone?: boolean | undefined;
  };

/** A room as its owners see it. */
export function describeRoom({
  pinHash,
  parentId: _parent,
  certifiedBy: _by,
  ...record
}: RoomRecord): RoomDescription {
  return { ...record, ...(pinHash !== undefined && { hasPin: true }) };
}

/** The record in a row of the table. */
export function recordOf({
  room_id,
  owner_id,
  title,
  settings,
}: Pick<RoomRow, 'room_id' | 'owner_id' | 'title' | 'settings'>): RoomRecord {
  const parsed = storedSettings.parse({ permissions: {}, roles: {}, ...JSON.parse(settings) });
  return { roomId: room_id, ownerId: owner_id, title, ...parsed };
}

/** A change whose PIN is hashed. */
export type RecordChange = Omit<RoomChange, 'pin'> & {
  pinHash?: string | null | undefined;
  parentId?: string | undefined;
  /** When the room is created only. */
  encryption?: EncryptionPolicy | undefined;
  certifiedBy?: IdentitySource | undefined;
};

/** Maximum number of records cached; open rooms hold theirs anyway. */
const MAX_CACHED = 10_000;
/** An unconfigured room is forgotten after this time without use, in milliseconds. */
const FORGET_AFTER_MS = 30 * 86_400_000;
/** Maximum number of unconfigured rooms, so that opening random names cannot fill the disk. */
const MAX_UNCONFIGURED = 10_000;
/** How often these two limits are enforced, in milliseconds. */
const PRUNE_MS = 60_000;
/** The stored settings of a room that nobody has configured. */
const DEFAULTS = '{}';
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
  /** Records of deleted rooms, which joins in progress may still hold. Never written again. */
  readonly #deleted = new WeakSet<RoomRecord>();
  #prunedAtMs = 0;
  /** The latest write. Writes run one at a time, so that none overwrites another. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(store: Store, log?: Logger, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
    this.#uses = new WriteBehind({
      write: async (batch) => {
        await this.#serialize(() => {
          const existing = batch.filter(([record]) => !this.#deleted.has(record));
          return this.#write(existing.map(([record, nowMs]) => rowOf(record, nowMs)));
        });
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
    if (record.parties) {
      return;
    }
    if (record.ownerId === null && !isConfigured(record) && opener.kind === 'device' && mayOwn(opener)) {
      record.ownerId = opener.accountId;
    }
    this.used(record);
  }

  /** Records that a room is in use. */
  used(record: RoomRecord): void {
    if (!record.parties) {
      this.#uses.put(record, this.#now());
    }
  }

  /**
   * Changes a room. The change applies once it is on disk.
   *
   * @param check called after all earlier changes are done; it may throw to refuse this one
   * @throws {CanopyError} LIMIT_REACHED - too many accounts with a role, or rooms that this owner configured
   * @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE
   */
  configure(record: RoomRecord, change: RecordChange, check: () => void = () => {}): Promise<void> {
    return this.#serialize(async () => {
      check();
      await this.#configure(record, change);
    });
  }

  /** The rooms that an account owns. */
  async owned(accountId: string): Promise<string[]> {
    await this.save();
    const rows = await this.#store.db
      .selectFrom('rooms')
      .select('room_id')
      .where('owner_id', '=', accountId)
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** The rooms in which an account has an assigned role. */
  async naming(accountId: string): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('room_roles')
      .select('room_id')
      .where('account_id', '=', accountId)
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /**
   * Creates a room with an owner. Resolves once it is on disk.
   *
   * @throws {CanopyError} ROOM_EXISTS - the name is taken: the room has an owner or settings
   * @throws {CanopyError} LIMIT_REACHED, STORE_BUSY, STORE_UNWRITABLE
   */
  create(record: RoomRecord, change: RecordChange): Promise<void> {
    return this.#serialize(async () => {
      if (record.ownerId !== null || isConfigured(record)) {
        throw new CanopyError('ROOM_EXISTS', record.roomId);
      }
      await this.#configure(record, change);
    });
  }

  /**
   * Deletes a room with everything stored about it.
   *
   * @param check called after all earlier changes are done; it may throw to refuse the deletion
   * @param others deletes the rows of features, in the same transaction
   * @throws {CanopyError} ROOM_DELETED, STORE_BUSY, STORE_UNWRITABLE
   */
  delete(
    record: RoomRecord,
    check: () => void,
    others: (db: Transaction<Tables>) => Promise<void>,
  ): Promise<void> {
    return this.#serialize(async () => {
      if (this.#deleted.has(record)) {
        // Somebody else may have created a room with this name since.
        throw new CanopyError('ROOM_DELETED');
      }
      check();
      const { roomId } = record;
      await this.#store.transaction(async (db) => {
        await db.deleteFrom('rooms').where('room_id', '=', roomId).execute();
        await db.deleteFrom('room_roles').where('room_id', '=', roomId).execute();
        await others(db);
      });
      await this.#store.sync();
      this.#deleted.add(record);
      this.#records.delete(roomId);
    });
  }

  isDeleted(record: RoomRecord): boolean {
    return this.#deleted.has(record);
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
    return recordOf(row ?? { room_id: roomId, owner_id: null, title: null, settings: DEFAULTS });
  }

  async #configure(record: RoomRecord, change: RecordChange): Promise<void> {
    if (this.#deleted.has(record)) {
      throw new CanopyError('ROOM_DELETED');
    }
    const nowMs = this.#now();
    const changed = merged(record, change, nowMs);
    if (isConfigured(changed) && !(isConfigured(record) && record.ownerId === changed.ownerId)) {
      await this.#requireSpace(changed);
    }
    const row = rowOf(changed, nowMs);
    const { owner_id, title, settings } = row;
    await this.#store.transaction(async (db) => {
      await db
        .insertInto('rooms')
        .values(row)
        .onConflict((conflict) => conflict.column('room_id').doUpdateSet({ owner_id, title, settings }))
        .execute();
      if (change.roles) {
        await indexRoles(db, changed);
      }
    });
    await this.#store.sync();
    replace(record, changed);
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
      .where(({ eb, or }) => or([eb('settings', '!=', DEFAULTS), eb('title', 'is not', null)]))
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
      .where('settings', '=', DEFAULTS)
      .where('title', 'is', null)
      .orderBy('last_used_at_ms', 'desc')
      .limit(1)
      .offset(MAX_UNCONFIGURED)
      .executeTakeFirst();
    const untilMs = Math.max(nowMs - FORGET_AFTER_MS, Number(firstTooMany?.last_used_at_ms ?? 0));
    await db
      .deleteFrom('rooms')
      .where('settings', '=', DEFAULTS)
      .where('title', 'is', null)
      .where('last_used_at_ms', '<=', untilMs)
      .execute();
    this.#prunedAtMs = nowMs;
  }
}

function isConfigured({ title, ...record }: RoomRecord): boolean {
  return title !== null || settingsOf(record) !== DEFAULTS;
}

/** @throws {CanopyError} LIMIT_REACHED */
function merged(record: RoomRecord, change: RecordChange, nowMs: number): RoomRecord {
  const { roomId, title, ownerId, permissions, roles, schedule, ...others } = record;
  const settings = storedSettings.safeParse({
    ...withoutNulls({
      ...others,
      ...withoutUndefined(change),
      ...(change.locked === false && { locked: null }),
    }),
    permissions: withoutNulls({ ...permissions, ...change.permissions }),
    roles: withoutNulls({ ...roles, ...change.roles }),
    ...withoutUndefined({
      schedule: change.schedule === undefined ? schedule : rescheduled(schedule, change.schedule, nowMs),
    }),
  });
  if (!settings.success) {
    throw new CanopyError('LIMIT_REACHED', settings.error.issues[0]?.message);
  }
  return {
    roomId,
    title: change.title === undefined ? title : change.title,
    ownerId: change.ownerId === undefined ? ownerId : change.ownerId,
    ...settings.data,
  };
}

/** A changed schedule. A cancelled one is kept, so that calendars can be told. */
function rescheduled(
  before: RoomRecord['schedule'],
  change: RoomSchedule | null,
  nowMs: number,
): RoomRecord['schedule'] {
  if (change === null && (before === undefined || before.isCancelled)) {
    return before;
  }
  const version = { sequence: before === undefined ? 0 : before.sequence + 1, changedAtMs: nowMs };
  return change === null ? before && { ...before, ...version, isCancelled: true } : { ...change, ...version };
}

function withoutNulls(entries: object): object {
  return Object.fromEntries(
    Object.entries(entries).filter(([, value]) => value !== null && value !== undefined),
  );
}

function withoutUndefined(entries: object): object {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

/** Changes a record in place: open rooms hold it. */
function replace(record: RoomRecord, changed: RoomRecord): void {
  const settings: Partial<RoomRecord> = record;
  for (const name of Object.keys(record) as Array<keyof RoomRecord>) {
    if (!(name in changed)) {
      delete settings[name];
    }
  }
  Object.assign(record, changed);
}

/** Updates the table in which rooms are found by the accounts that have a role in them. */
async function indexRoles(db: Transaction<Tables>, { roomId, roles }: RoomRecord): Promise<void> {
  await db.deleteFrom('room_roles').where('room_id', '=', roomId).execute();
  const rows = Object.keys(roles).map((account_id) => ({ account_id, room_id: roomId }));
  if (rows.length > 0) {
    await db.insertInto('room_roles').values(rows).execute();
  }
}

/** The settings as stored. */
function settingsOf({ permissions, roles, ...others }: Omit<RoomRecord, 'title'>): string {
  const { roomId: _room, ownerId: _owner, ...options } = others;
  const all = {
    ...(Object.keys(permissions).length > 0 && { permissions }),
    ...(Object.keys(roles).length > 0 && { roles }),
    ...withoutUndefined(options),
  };
  return JSON.stringify(all);
}

function rowOf(record: RoomRecord, nowMs: number): RoomRow {
  const { roomId, ownerId, title, ...settings } = record;
  return {
    room_id: roomId,
    owner_id: ownerId,
    title,
    settings: settingsOf({ roomId, ownerId, ...settings }),
    created_at_ms: nowMs,
    last_used_at_ms: nowMs,
  };
}
