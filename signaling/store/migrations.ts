import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Tables } from './schema.ts';

/** Changes of the tables, by name. They are applied in the order of their names, on every engine; a released one never changes. */
export type Migrations = Record<string, Migration>;

/** The migrations of all tables here. */
export const MIGRATIONS: Migrations = {
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
  '0002_telephony': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('sip_phones')
        .addColumn('username', 'text', (column) => column.primaryKey())
        .addColumn('display_name', 'text')
        .addColumn('ha1_md5', 'text', (column) => column.notNull())
        .addColumn('ha1_sha256', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('sip_trunks')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('settings', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('dial_rules')
        .addColumn('position', 'integer', (column) => column.primaryKey())
        .addColumn('direction', 'text', (column) => column.notNull())
        .addColumn('pattern', 'text', (column) => column.notNull())
        .addColumn('action', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('room_pins')
        .addColumn('room_id', 'text', (column) => column.primaryKey())
        .addColumn('pin', 'text', (column) => column.notNull().unique())
        .execute();
      await db.schema
        .createTable('calls')
        .addColumn('call_id', 'text', (column) => column.primaryKey())
        .addColumn('direction', 'text', (column) => column.notNull())
        .addColumn('remote', 'text', (column) => column.notNull())
        .addColumn('dialled', 'text', (column) => column.notNull())
        .addColumn('trunk', 'text')
        .addColumn('room_id', 'text')
        .addColumn('codec', 'text')
        .addColumn('started_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('answered_at_ms', 'bigint')
        .addColumn('ended_at_ms', 'bigint')
        .addColumn('end_cause', 'text')
        .addColumn('sip_status', 'integer')
        .addColumn('mos', 'double precision')
        .execute();
      await db.schema.createIndex('calls_by_start').on('calls').column('started_at_ms').execute();
      // Anyone who knows a room's PIN may call in; outgoing calls are barred until an administrator allows them (threat case 19).
      await (db as Kysely<Tables>)
        .insertInto('dial_rules')
        .values({ position: 0, direction: 'incoming', pattern: '*', action: '{"type":"pin"}' })
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
  '0006_rooms': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('rooms')
        .addColumn('room_id', 'text', (column) => column.primaryKey())
        .addColumn('owner_id', 'text')
        .addColumn('title', 'text')
        .addColumn('settings', 'text', (column) => column.notNull().defaultTo('{}'))
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('last_used_at_ms', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('rooms_by_use').on('rooms').column('last_used_at_ms').execute();
      await db.schema.createIndex('rooms_by_owner').on('rooms').column('owner_id').execute();
    },
  },
  '0007_shared_secrets': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('secrets')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('value', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('probes')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('written_at_ms', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
};
