import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const DIRECT_CALL_MIGRATIONS: Migrations = {
  '0017_direct_calls': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('call_history')
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('call_id', 'text', (column) => column.notNull())
        .addColumn('direction', 'text', (column) => column.notNull())
        .addColumn('peer_kind', 'text', (column) => column.notNull())
        .addColumn('peer', 'text', (column) => column.notNull())
        .addColumn('peer_name', 'text', (column) => column.notNull())
        .addColumn('peer_folded', 'text', (column) => column.notNull())
        .addColumn('media', 'text', (column) => column.notNull())
        .addColumn('room_id', 'text')
        .addColumn('started_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('answered_at_ms', 'bigint')
        .addColumn('ended_at_ms', 'bigint')
        .addColumn('outcome', 'text')
        .addColumn('seen', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('call_history_key', ['account_id', 'call_id'])
        .execute();
      await db.schema
        .createIndex('call_history_by_start')
        .on('call_history')
        .columns(['account_id', 'started_at_ms', 'call_id'])
        .execute();
      await db.schema.createIndex('call_history_by_end').on('call_history').column('ended_at_ms').execute();
      await db.schema
        .createTable('call_settings')
        .addColumn('account_id', 'text', (column) => column.primaryKey())
        .addColumn('alias', 'text', (column) => column.notNull())
        .addColumn('calls_from', 'text', (column) => column.notNull())
        .addColumn('do_not_disturb', 'integer', (column) => column.notNull())
        .addColumn('history_days', 'integer', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('call_settings_by_alias').on('call_settings').column('alias').execute();
      await db.schema
        .createTable('call_blocks')
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('blocked_id', 'text', (column) => column.notNull())
        .addColumn('blocked_name', 'text', (column) => column.notNull())
        .addColumn('blocked_at_ms', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('call_blocks_key', ['account_id', 'blocked_id'])
        .execute();
      await db.schema.createIndex('call_blocks_by_blocked').on('call_blocks').column('blocked_id').execute();
    },
  },
  '0034_calls_by_phone': {
    async up(db: Kysely<unknown>): Promise<void> {
      // SQLite adds one column at a time.
      for (const column of ['phone', 'leg_id', 'peer_leg_id', 'codec']) {
        await db.schema.alterTable('call_history').addColumn(column, 'text').execute();
      }
      await db.schema.alterTable('call_history').addColumn('mos', 'double precision').execute();
    },
  },
  '0038_forwarding': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('call_settings').addColumn('forwarding', 'text').execute();
    },
  },
  '0043_withhold_number': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('call_settings')
        .addColumn('withhold_number', 'integer', (column) => column.notNull().defaultTo(0))
        .execute();
    },
  },
};
