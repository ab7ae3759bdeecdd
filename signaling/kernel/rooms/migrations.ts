import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const ROOM_MIGRATIONS: Migrations = {
  '0006_rooms': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('rooms')
        .addColumn('room_id', 'text', (column) => column.primaryKey())
        .addColumn('owner_id', 'text')
        .addColumn('title', 'text')
        .addColumn('settings', 'text', (column) => column.notNull().defaultTo('{}'))
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('last_used_at_ms', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('rooms_by_use').on('rooms').column('last_used_at_ms').execute();
      await db.schema.createIndex('rooms_by_owner').on('rooms').column('owner_id').execute();
    },
  },
};
