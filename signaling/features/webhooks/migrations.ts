import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const WEBHOOK_MIGRATIONS: Migrations = {
  '0018_webhooks': {
    async up(db: Kysely<unknown>): Promise<void> {
      const { schema } = db;
      await schema
        .createTable('webhooks')
        .addColumn('webhook_id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('events', 'text', (column) => column.notNull())
        .addColumn('enabled', 'integer', (column) => column.notNull())
        .addColumn('disabled_reason', 'text')
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('last_seq', 'bigint', (column) => column.notNull())
        .addColumn('failing_since_ms', 'bigint')
        .execute();
      await schema
        .createTable('webhook_deliveries')
        .addColumn('message_id', 'text', (column) => column.primaryKey())
        .addColumn('webhook_id', 'text', (column) =>
          column.notNull().references('webhooks.webhook_id').onDelete('cascade'),
        )
        .addColumn('seq', 'bigint')
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('next_attempt_ms', 'bigint', (column) => column.notNull())
        .addColumn('last_status', 'integer')
        .addColumn('last_error', 'text')
        .addColumn('last_took_ms', 'integer')
        .execute();
      await schema
        .createIndex('webhook_deliveries_waiting')
        .on('webhook_deliveries')
        .columns(['webhook_id', 'status', 'seq'])
        .execute();
      await schema
        .createIndex('webhook_deliveries_latest')
        .on('webhook_deliveries')
        .columns(['webhook_id', 'created_at_ms'])
        .execute();
    },
  },
};
