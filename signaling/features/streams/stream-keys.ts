import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import { CanopyError } from '../../../base/index.ts';
import type { StreamDirection } from '../../../contract/index.ts';
import type { Store, Tables } from '../../store/index.ts';
import type { StreamKeyRow } from './tables.ts';

/** How every secret begins, so that scanners recognise one that leaked. */
const PREFIX = 'canopy_stream_';
const SECRET_BYTES = 32;
/** Maximum number of valid keys. */
const MAX_PER_ROOM = 20;
const MAX_PER_ACCOUNT = 200;
/** How long an expired key is still told apart from an unknown one, in milliseconds. */
const REMEMBERED_MS = 30 * 86_400_000;

/** Stream keys. Only hashes of their secrets are stored. */
export class StreamKeys {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Makes a key. The secret is returned only here. @throws {CanopyError} LIMIT_REACHED, STORE_BUSY, STORE_UNWRITABLE */
  async create(given: {
    roomId: string;
    direction: StreamDirection;
    name: string;
    ttlSeconds: number;
    /** Null: the operator. */
    createdBy: string | null;
  }): Promise<{ row: StreamKeyRow; secret: string }> {
    const { roomId, direction, name, ttlSeconds, createdBy } = given;
    const secret = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
    const nowMs = Date.now();
    const row: StreamKeyRow = {
      key_id: randomUUID(),
      secret_hash: hash(secret),
      room_id: roomId,
      direction,
      name,
      created_by: createdBy,
      created_at_ms: nowMs,
      expires_at_ms: nowMs + ttlSeconds * 1000,
    };
    await this.#store.transaction(async (db) => {
      await demandSpaceFor(db, row);
      await db.insertInto('stream_keys').values(row).execute();
    }, `stream keys ${roomId}`);
    await this.#store.sync();
    return { row, secret };
  }

  /** The valid keys of a room, oldest first, with the names of those who made them. */
  async list(roomId: string): Promise<Array<StreamKeyRow & { creator: string | null }>> {
    const rows = await this.#store.db
      .selectFrom('stream_keys')
      .leftJoin('accounts', 'accounts.account_id', 'stream_keys.created_by')
      .selectAll('stream_keys')
      .select('accounts.display_name as creator')
      .where('stream_keys.room_id', '=', roomId)
      .where('stream_keys.expires_at_ms', '>', Date.now())
      .orderBy('stream_keys.created_at_ms')
      .orderBy('stream_keys.key_id')
      .execute();
    return rows.map((row) => ({ ...numbered(row), creator: row.creator }));
  }

  /** The valid key with this secret. @throws {CanopyError} STREAM_KEY_INVALID, STREAM_KEY_EXPIRED, STORE_BUSY */
  async find(secret: string): Promise<StreamKeyRow> {
    const row = secret.startsWith(PREFIX) ? await this.#one('secret_hash', hash(secret)) : undefined;
    if (!row) {
      throw new CanopyError('STREAM_KEY_INVALID');
    }
    if (row.expires_at_ms <= Date.now()) {
      throw new CanopyError('STREAM_KEY_EXPIRED');
    }
    return row;
  }

  /** @throws {CanopyError} STREAM_KEY_UNKNOWN, STORE_BUSY */
  async byId(keyId: string): Promise<StreamKeyRow> {
    const row = await this.#one('key_id', keyId);
    if (!row) {
      throw new CanopyError('STREAM_KEY_UNKNOWN');
    }
    return row;
  }

  /** Deletes a key. @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE */
  async revoke(keyId: string): Promise<void> {
    await this.#store.db.deleteFrom('stream_keys').where('key_id', '=', keyId).execute();
    await this.#store.sync();
  }

  /** Deletes the keys that an account made, for one room or all. Returns their ids. */
  async revokeFrom(accountId: string, roomId?: string): Promise<string[]> {
    let query = this.#store.db.deleteFrom('stream_keys').where('created_by', '=', accountId);
    if (roomId !== undefined) {
      query = query.where('room_id', '=', roomId);
    }
    return ids(await query.returning('key_id').execute());
  }

  /** Gives an account the keys that another one made. */
  async replaceAccount(from: string, to: string): Promise<void> {
    await this.#store.db
      .updateTable('stream_keys')
      .set({ created_by: to })
      .where('created_by', '=', from)
      .execute();
  }

  /** Deletes a room's keys. Returns their ids. */
  async forgetRoom(db: Kysely<Tables>, roomId: string): Promise<string[]> {
    return ids(
      await db.deleteFrom('stream_keys').where('room_id', '=', roomId).returning('key_id').execute(),
    );
  }

  /** Deletes keys that expired long ago. */
  async prune(): Promise<void> {
    const beforeMs = Date.now() - REMEMBERED_MS;
    await this.#store.db.deleteFrom('stream_keys').where('expires_at_ms', '<', beforeMs).execute();
  }

  async #one(column: 'key_id' | 'secret_hash', value: string): Promise<StreamKeyRow | undefined> {
    const row = await this.#store.db
      .selectFrom('stream_keys')
      .selectAll()
      .where(column, '=', value)
      .executeTakeFirst();
    return row && numbered(row);
  }
}

/** What stands for an account in a key's streams. */
export function accountIdOf(keyId: string): string {
  return hash(`stream key ${keyId}`);
}

/** @throws {CanopyError} LIMIT_REACHED */
async function demandSpaceFor(db: Transaction<Tables>, row: StreamKeyRow): Promise<void> {
  const limits = [
    ['room_id', row.room_id, MAX_PER_ROOM, 'per room'],
    ['created_by', row.created_by, MAX_PER_ACCOUNT, 'per account'],
  ] as const;
  for (const [column, value, most, per] of limits) {
    if (value === null) {
      continue;
    }
    const { count } = await db
      .selectFrom('stream_keys')
      .select(({ fn }) => fn.countAll().as('count'))
      .where(column, '=', value)
      .where('expires_at_ms', '>', Date.now())
      .executeTakeFirstOrThrow();
    if (Number(count) >= most) {
      throw new CanopyError('LIMIT_REACHED', `at most ${most} stream keys ${per}`);
    }
  }
}

/** PostgreSQL returns large integers as text. */
function numbered(row: StreamKeyRow): StreamKeyRow {
  return { ...row, created_at_ms: Number(row.created_at_ms), expires_at_ms: Number(row.expires_at_ms) };
}

function ids(rows: ReadonlyArray<{ key_id: string }>): string[] {
  return rows.map(({ key_id: keyId }) => keyId);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
