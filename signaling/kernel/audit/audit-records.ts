import type { Store } from '../../store/index.ts';
import type { AuditRow } from './tables.ts';

/** Rows deleted at once; a transaction blocks all others. */
const BATCH = 500;

export interface AuditQuery {
  limit: number;
  /** Only entries before this one. */
  before?: string | undefined;
  /** A name; with `*` at its end, all that begin with the rest. Letters and dots. */
  action?: string | undefined;
  /** The account or token that acted. */
  actorId?: string | undefined;
  actorKind?: AuditRow['actor_kind'] | undefined;
  /** The account that it was done to. */
  accountId?: string | undefined;
  roomId?: string | undefined;
  outcome?: string | undefined;
  /** Unix times in milliseconds. */
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
}

/** The ids of all entries from this Unix time in milliseconds on are greater, those of earlier ones less. */
export function idAt(timeMs: number): string {
  return Math.max(0, Math.floor(timeMs)).toString(16).padStart(12, '0');
}

/** The stored entries of the audit log. */
export class AuditRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Adds entries, or updates how often they happened. */
  async put(rows: AuditRow[]): Promise<void> {
    await this.#store.db
      .insertInto('audit')
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('entry_id').doUpdateSet(({ ref }) => ({ count: ref('excluded.count') })),
      )
      .execute();
  }

  async list(query: AuditQuery): Promise<AuditRow[]> {
    const { action, sinceMs, untilMs, before } = query;
    let rows = this.#store.db.selectFrom('audit').selectAll();
    for (const [column, value] of [
      ['actor_id', query.actorId],
      ['actor_kind', query.actorKind],
      ['account_id', query.accountId],
      ['room_id', query.roomId],
      ['outcome', query.outcome],
    ] as const) {
      if (value !== undefined) {
        rows = rows.where(column, '=', value);
      }
    }
    if (action !== undefined) {
      rows = action.endsWith('*')
        ? rows.where('action', 'like', `${action.slice(0, -1)}%`)
        : rows.where('action', '=', action);
    }
    if (sinceMs !== undefined) {
      rows = rows.where('entry_id', '>=', idAt(sinceMs));
    }
    if (untilMs !== undefined) {
      rows = rows.where('entry_id', '<', idAt(untilMs));
    }
    if (before !== undefined) {
      rows = rows.where('entry_id', '<', before);
    }
    const found = await rows.orderBy('entry_id', 'desc').limit(query.limit).execute();
    return found.map((row) => ({ ...row, at_ms: Number(row.at_ms) }));
  }

  async prune(beforeMs: number, maxEntries: number): Promise<number> {
    const { db } = this.#store;
    const newestSurplus = await db
      .selectFrom('audit')
      .select('entry_id')
      .orderBy('entry_id', 'desc')
      .offset(maxEntries)
      .limit(1)
      .executeTakeFirst();
    const oldest = [idAt(beforeMs), newestSurplus?.entry_id ?? ''].sort().at(-1) as string;
    let deleted = 0;
    for (;;) {
      const old = await db
        .selectFrom('audit')
        .select('entry_id')
        .where('entry_id', '<=', oldest)
        .orderBy('entry_id')
        .limit(BATCH)
        .execute();
      if (old.length === 0) {
        return deleted;
      }
      const ids = old.map(({ entry_id }) => entry_id);
      await db.deleteFrom('audit').where('entry_id', 'in', ids).execute();
      deleted += old.length;
      // Let other work run in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Replaces an account by its pseudonym, without its name, devices and addresses. */
  async rename(accountId: string, pseudonym: string): Promise<void> {
    await this.#store.transaction(async (db) => {
      await db
        .updateTable('audit')
        .set({ actor_id: pseudonym, actor_name: null, device_id: null, address: null })
        .where('actor_kind', '=', 'account')
        .where('actor_id', '=', accountId)
        .execute();
      await db
        .updateTable('audit')
        .set({ account_id: pseudonym, details: null })
        .where('account_id', '=', accountId)
        .execute();
    }, `audit of ${accountId}`);
    await this.#store.sync();
  }
}
