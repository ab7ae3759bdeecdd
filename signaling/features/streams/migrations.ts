import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const STREAM_MIGRATIONS: Migrations = {
  '0060_stream_keys': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('stream_keys')
        .addColumn('key_id', 'text', (column) => column.primaryKey())
        .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addColumn('direction', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('created_by', 'text')
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
        .execute();
      for (const [name, column] of [
        ['stream_keys_by_room', 'room_id'],
        ['stream_keys_by_creator', 'created_by'],
      ] as const) {
        await db.schema.createIndex(name).on('stream_keys').column(column).execute();
      }
    },
  },
};
