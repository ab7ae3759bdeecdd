import type { Kysely } from 'kysely';
import type { Migrations } from '../../../store/index.ts';

export const STORAGE_MIGRATIONS: Migrations = {
  '0056_recording_files': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('recording_files')
        .addColumn('recording_id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('has_copy', 'integer', (column) => column.notNull())
        .addColumn('upload_id', 'text')
        .addColumn('parts', 'text')
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('added_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('next_attempt_ms', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('recording_files_key', ['recording_id', 'name'])
        .execute();
      for (const [name, columns] of [
        ['recording_files_by_state', ['state', 'has_copy', 'next_attempt_ms']],
        ['recording_files_by_room', ['room_id']],
      ] as const) {
        await db.schema
          .createIndex(name)
          .on('recording_files')
          .columns([...columns])
          .execute();
      }
    },
  },
};
