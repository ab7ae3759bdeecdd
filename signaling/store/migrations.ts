import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Changes to the tables, by name, applied in the order of their names on every engine. A released one never changes. */
export type Migrations = Record<string, Migration>;

/** The migrations of the store's own tables. */
export const STORE_MIGRATIONS: Migrations = {
  '0007_shared_secrets': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('secrets')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('value', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('probes')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('written_at_ms', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
};
