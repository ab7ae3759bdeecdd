import type { TrunkUsage } from '../../../contract/index.ts';
import type { Store } from '../../store/index.ts';

/** For how many days usage is kept. */
const KEPT_DAYS = 32;
const DAY_MS = 86_400_000;
/** The scope of all calls. It sorts first. */
const ALL_CALLS = '';

/** What was used of trunks on each day, so that daily limits hold after a restart. */
export class TrunkUsages {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Stores totals. They only grow, so a report that arrives late changes nothing. */
  async put(usage: readonly TrunkUsage[]): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      for (const { trunk, day, prefix, seconds, cost } of usage) {
        await transaction
          .insertInto('trunk_usage')
          .values({ trunk, day, scope: prefix === null ? ALL_CALLS : `=${prefix}`, seconds, cost })
          .onConflict((conflict) =>
            conflict
              .columns(['trunk', 'day', 'scope'])
              .doUpdateSet({ seconds, cost })
              .where('trunk_usage.seconds', '<=', seconds)
              .where('trunk_usage.cost', '<=', cost),
          )
          .execute();
      }
    }, 'trunk usage');
  }

  /** Usage of today and, since time zones differ, of the day before and after; of one trunk, or of all. */
  async recent(nowMs: number, trunk?: string): Promise<TrunkUsage[]> {
    let query = this.#store.db
      .selectFrom('trunk_usage')
      .selectAll()
      .where('day', '>=', dayAt(nowMs - DAY_MS));
    if (trunk !== undefined) {
      query = query.where('trunk', '=', trunk);
    }
    const rows = await query.orderBy('trunk').orderBy('day').orderBy('scope').execute();
    return rows.map(({ scope, ...row }) => ({ ...row, prefix: scope === ALL_CALLS ? null : scope.slice(1) }));
  }

  /** Deletes what is too old to matter. */
  async prune(nowMs: number): Promise<void> {
    await this.#store.db
      .deleteFrom('trunk_usage')
      .where('day', '<', dayAt(nowMs - KEPT_DAYS * DAY_MS))
      .execute();
  }
}

function dayAt(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
