import type { Kysely } from 'kysely';
import type { Migrations } from '../../../../store/index.ts';

export const SHARING_MIGRATIONS: Migrations = {
  '0051_recording_shares': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('recording_shares')
        .addColumn('share_id', 'text', (column) => column.primaryKey())
        .addColumn('recording_id', 'text', (column) =>
          column.notNull().references('recordings.recording_id').onDelete('cascade'),
        )
        .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('display_name', 'text', (column) => column.notNull())
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
        .execute();
      for (const [name, column] of [
        ['recording_shares_by_recording', 'recording_id'],
        ['recording_shares_by_account', 'account_id'],
        ['recording_shares_by_expiry', 'expires_at_ms'],
      ] as const) {
        await db.schema.createIndex(name).on('recording_shares').column(column).execute();
      }
    },
  },
};
