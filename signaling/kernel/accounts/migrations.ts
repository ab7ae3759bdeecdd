import type { Kysely } from 'kysely';
import type { Migrations, Tables } from '../../store/index.ts';

/** The migrations of accounts, grants, devices and revocations. */
export const ACCOUNT_MIGRATIONS: Migrations = {
  // Released as one step, so the first table of invitations is here too.
  '0001_accounts_and_invitations': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('accounts')
        .addColumn('account_id', 'text', (column) => column.primaryKey())
        .addColumn('display_name', 'text', (column) => column.notNull())
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('last_seen_at_ms', 'bigint')
        .execute();
      await db.schema
        .createTable('grants')
        .addColumn('account_id', 'text', (column) =>
          column.notNull().references('accounts.account_id').onDelete('cascade'),
        )
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('grants_key', ['account_id', 'room_id'])
        .execute();
      await db.schema
        .createTable('invitations')
        .addColumn('secret_hash', 'text', (column) => column.primaryKey())
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('room_id', 'text')
        .addColumn('display_name', 'text')
        .addColumn('created_by', 'text')
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('used_at_ms', 'bigint')
        .addColumn('used_by', 'text')
        .execute();
    },
  },
  '0003_devices': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('devices')
        .addColumn('account_id', 'text', (column) =>
          column.notNull().references('accounts.account_id').onDelete('cascade'),
        )
        .addColumn('device_id', 'text', (column) => column.notNull())
        .addColumn('first_seen_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('last_seen_at_ms', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('devices_key', ['account_id', 'device_id'])
        .execute();
    },
  },
  '0004_revocations': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('revocations')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('revoked_at_ms', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.alterTable('devices').addColumn('user_agent', 'text').execute();
    },
  },
  // Also released as one step with columns of invitations.
  '0005_admission': {
    async up(db: Kysely<unknown>): Promise<void> {
      const { schema } = db;
      await schema.alterTable('accounts').addColumn('invitation', 'text').execute();
      for (const table of ['accounts', 'invitations']) {
        await schema
          .alterTable(table)
          .addColumn('is_gateway', 'integer', (column) => column.notNull().defaultTo(0))
          .execute();
      }
      await (db as Kysely<Tables>)
        .updateTable('accounts')
        .set(({ selectFrom }) => ({
          invitation: selectFrom('invitations')
            .select('secret_hash')
            .whereRef('used_by', '=', 'account_id')
            .orderBy('used_at_ms')
            .limit(1),
        }))
        .execute();
      await schema
        .createIndex('invitations_by_creator')
        .on('invitations')
        .columns(['created_by', 'expires_at_ms'])
        .execute();
    },
  },
  '0012_guests_by_link': {
    async up(db: Kysely<unknown>): Promise<void> {
      const { schema } = db;
      await schema.alterTable('accounts').addColumn('expires_at_ms', 'bigint').execute();
      await schema.alterTable('grants').addColumn('admitted_at_ms', 'bigint').execute();
      await schema.alterTable('invitations').addColumn('link_id', 'text').execute();
      await schema.createIndex('invitations_by_link').on('invitations').column('link_id').execute();
      await schema
        .createIndex('accounts_by_invitation')
        .on('accounts')
        .columns(['invitation', 'created_at_ms'])
        .execute();
      await schema
        .createIndex('accounts_by_expiry')
        .on('accounts')
        .columns(['role', 'expires_at_ms'])
        .execute();
      // Guests' certificates have always been valid for a day.
      await (db as Kysely<Tables>)
        .updateTable('accounts')
        .set(({ eb }) => ({ expires_at_ms: eb('created_at_ms', '+', 86_400_000) }))
        .where('role', '=', 'guest')
        .where('source', '=', 'invite')
        .execute();
    },
  },
  '0014_names_of_devices': {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const column of ['name', 'renewal_request', 'renewed_certificate']) {
        await db.schema.alterTable('devices').addColumn(column, 'text').execute();
      }
    },
  },
};
