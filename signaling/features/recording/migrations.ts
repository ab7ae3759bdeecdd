import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';
import { SHARING_MIGRATIONS } from './library/index.ts';
import { STORAGE_MIGRATIONS } from './storage/index.ts';

export const RECORDING_MIGRATIONS: Migrations = {
  ...SHARING_MIGRATIONS,
  ...STORAGE_MIGRATIONS,
  '0050_recordings': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('recordings')
        .addColumn('recording_id', 'text', (column) => column.primaryKey())
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('mode', 'text', (column) => column.notNull())
        .addColumn('full', 'integer', (column) => column.notNull())
        .addColumn('started_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('ended_at_ms', 'bigint')
        .addColumn('duration_ms', 'bigint', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .addColumn('account_id', 'text')
        .addColumn('display_name', 'text')
        .addColumn('reason', 'text')
        .execute();
      for (const [name, columns] of [
        ['recordings_by_room', ['room_id', 'started_at_ms']],
        ['recordings_by_account', ['account_id']],
        ['recordings_by_status', ['status']],
      ] as const) {
        await db.schema
          .createIndex(name)
          .on('recordings')
          .columns([...columns])
          .execute();
      }
    },
  },
  '0053_compositions': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('compositions')
        .addColumn('composition_id', 'text', (column) => column.primaryKey())
        .addColumn('recording_id', 'text', (column) => column.notNull())
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('layout', 'text', (column) => column.notNull())
        .addColumn('format', 'text', (column) => column.notNull())
        .addColumn('requested_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .addColumn('error', 'text')
        .execute();
      for (const [name, columns] of [
        ['compositions_by_recording', ['recording_id']],
        ['compositions_by_room', ['room_id']],
        ['compositions_by_status', ['status', 'requested_at_ms']],
      ] as const) {
        await db.schema
          .createIndex(name)
          .on('compositions')
          .columns([...columns])
          .execute();
      }
    },
  },
  '0062_automatic_compositions': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('compositions')
        .addColumn('automatic', 'integer', (column) => column.notNull().defaultTo(0))
        .execute();
    },
  },
};
