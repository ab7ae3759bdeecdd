import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const BREAKOUT_MIGRATIONS: Migrations = {
  '0021_breakouts': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('breakouts')
        .addColumn('parent_id', 'text', (column) => column.primaryKey())
        .addColumn('plan', 'text', (column) => column.notNull())
        .addColumn('changed_at_ms', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
};
