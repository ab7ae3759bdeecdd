import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const SIGN_ON_MIGRATIONS: Migrations = {
  '0015_sign_ons': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('sign_ons')
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('account_id', 'text')
        .addColumn('invitation', 'text', (column) => column.notNull().unique())
        .addColumn('replacing', 'text')
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('sign_ons_key', ['issuer', 'subject'])
        .execute();
      await db.schema.createIndex('sign_ons_by_account').on('sign_ons').column('account_id').execute();
    },
  },
};
