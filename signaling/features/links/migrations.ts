import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const LINK_MIGRATIONS: Migrations = {
  '0013_room_links': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('room_links')
        .addColumn('link_id', 'text', (column) => column.primaryKey())
        .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addColumn('created_by', 'text')
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('withdrawn_at_ms', 'bigint')
        .addColumn('max_people', 'integer')
        .execute();
      await db.schema.createIndex('room_links_by_room').on('room_links').column('room_id').execute();
      await db.schema.createIndex('room_links_by_creator').on('room_links').column('created_by').execute();
    },
  },
};
