import type { Kysely, Transaction } from 'kysely';
import type { Store, Tables } from '../../store/index.ts';
import type { BreakoutRow } from './tables.ts';

/** What is stored about the breakout rooms of a main room. */
export interface Plan {
  status: 'planned' | 'open';
  choice: boolean;
  /** When everybody is called back, as Unix time in milliseconds. */
  endsAtMs?: number;
  rooms: Array<{ roomId: string; name: string }>;
  /** The account that planned them first. Absent: it was deleted, or an earlier version stored this. */
  by?: string;
  /** Who is assigned where: people by account, phones by participant. */
  people: Record<string, { displayName: string; roomId: string }>;
}

/** The table of breakout rooms: one row for each main room that has some. */
export class BreakoutStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<Map<string, { plan: Plan; changedAtMs: number }>> {
    const rows = await this.#store.db.selectFrom('breakouts').selectAll().execute();
    return new Map(
      rows.map(({ parent_id, plan, changed_at_ms }) => [
        parent_id,
        { plan: JSON.parse(plan) as Plan, changedAtMs: Number(changed_at_ms) },
      ]),
    );
  }

  async save(parentId: string, plan: Plan, nowMs: number): Promise<void> {
    const row: Omit<BreakoutRow, 'parent_id'> = { plan: JSON.stringify(plan), changed_at_ms: nowMs };
    await this.#store.db
      .insertInto('breakouts')
      .values({ parent_id: parentId, ...row })
      .onConflict((conflict) => conflict.column('parent_id').doUpdateSet(row))
      .execute();
  }

  async delete(parentId: string, db: Kysely<Tables> | Transaction<Tables> = this.#store.db): Promise<void> {
    await db.deleteFrom('breakouts').where('parent_id', '=', parentId).execute();
  }
}
