import type { Kysely } from 'kysely';
import type { Migrations } from '../../../store/index.ts';

export const CHAT_FILE_MIGRATIONS: Migrations = {
  '0019_chat_files': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('chat_files')
        .addColumn('file_id', 'text', (column) => column.primaryKey())
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('size', 'bigint', (column) => column.notNull())
        .addColumn('seq', 'bigint')
        .addColumn('complete', 'integer', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('key_id', 'text', (column) => column.notNull())
        .addColumn('thumbnail', 'text')
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .execute();
      for (const [name, columns] of [
        ['chat_files_by_message', ['room_id', 'seq']],
        ['chat_files_by_account', ['account_id']],
      ] as const) {
        await db.schema
          .createIndex(name)
          .on('chat_files')
          .columns([...columns])
          .execute();
      }
      await db.schema
        .alterTable('chat_messages')
        .addColumn('files', 'text', (column) => column.notNull().defaultTo('[]'))
        .execute();
    },
  },
};
