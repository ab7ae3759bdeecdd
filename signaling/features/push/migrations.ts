import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const PUSH_MIGRATIONS: Migrations = {
  '0022_push': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('push_subscriptions')
        .addColumn('device_id', 'text', (column) => column.primaryKey())
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('endpoint', 'text', (column) => column.notNull())
        .addColumn('p256dh', 'text', (column) => column.notNull())
        .addColumn('auth', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex('push_subscriptions_by_account')
        .on('push_subscriptions')
        .column('account_id')
        .execute();
    },
  },
};
