import { type Kysely, sql } from 'kysely';
import type { Migrations, Tables } from '../../store/index.ts';

export const TELEPHONY_MIGRATIONS: Migrations = {
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
      // Anyone who knows a room's PIN may call in. Outgoing calls are barred until an administrator permits them (threat 19).
      await (db as Kysely<Tables>)
        .insertInto('dial_rules')
        .values({ position: 0, direction: 'incoming', pattern: '*', action: '{"type":"pin"}' })
        .execute();
    },
  },
  '0026_srtp': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('sip_phones')
        .addColumn('srtp', 'text', (column) => column.notNull().defaultTo('preferred'))
        .execute();
      await db.schema.alterTable('calls').addColumn('encryption', 'text').execute();
    },
  },
  '0027_transfers': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('sip_phones').addColumn('transfers', 'text').execute();
      // SQLite adds one column at a time.
      await db.schema.alterTable('calls').addColumn('transfer_target', 'text').execute();
      await db.schema.alterTable('calls').addColumn('transfer_status', 'integer').execute();
    },
  },
  '0028_dtls_srtp': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('sip_phones')
        .addColumn('keying', 'text', (column) => column.notNull().defaultTo('sdes'))
        .execute();
    },
  },
  '0028_ice': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('sip_phones')
        .addColumn('ice', 'text', (column) => column.notNull().defaultTo('accept'))
        .execute();
    },
  },
  '0030_trunk_usage': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('trunk_usage')
        .addColumn('trunk', 'text', (column) => column.notNull())
        .addColumn('day', 'text', (column) => column.notNull())
        .addColumn('scope', 'text', (column) => column.notNull())
        .addColumn('seconds', 'double precision', (column) => column.notNull())
        .addColumn('cost', 'double precision', (column) => column.notNull())
        .addPrimaryKeyConstraint('trunk_usage_key', ['trunk', 'day', 'scope'])
        .execute();
    },
  },
  '0031_call_attributes': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('calls').addColumn('attributes', 'text').execute();
    },
  },
  '0032_moderator_pins': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('room_pins').addColumn('moderator_pin', 'text').execute();
      await db.schema
        .createIndex('room_pins_by_moderator_pin')
        .unique()
        .on('room_pins')
        .column('moderator_pin')
        .execute();
    },
  },
  '0033_person_phones': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('person_phones')
        .addColumn('username', 'text', (column) => column.primaryKey())
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('rings', 'integer', (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex('person_phones_by_account')
        .on('person_phones')
        .column('account_id')
        .execute();
      await db.schema
        .createTable('person_numbers')
        .addColumn('number', 'text', (column) => column.primaryKey())
        .addColumn('account_id', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex('person_numbers_by_account')
        .on('person_numbers')
        .column('account_id')
        .execute();
    },
  },
  '0035_saved_registrations': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('saved_bindings')
        .addColumn('username', 'text', (column) => column.primaryKey())
        .addColumn('bindings', 'text', (column) => column.notNull())
        .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('saved_trunk_registrations')
        .addColumn('trunk', 'text', (column) => column.primaryKey())
        .addColumn('instance', 'text', (column) => column.notNull())
        .addColumn('call_id', 'text', (column) => column.notNull())
        .addColumn('sequence', 'bigint', (column) => column.notNull())
        .addColumn('addresses', 'text', (column) => column.notNull())
        .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '0037_call_quality': {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const column of ['jitter_ms', 'loss_fraction', 'remote_loss_fraction', 'round_trip_ms']) {
        await db.schema.alterTable('calls').addColumn(column, 'double precision').execute();
      }
    },
  },
  '0042_call_search': {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const column of ['display_name', 'phone', 'account_id', 'end_reason', 'verification']) {
        await db.schema.alterTable('calls').addColumn(column, 'text').execute();
      }
      await db.schema
        .alterTable('calls')
        .addColumn('search', 'text', (column) => column.notNull().defaultTo(''))
        .execute();
      await (db as Kysely<Tables>)
        .updateTable('calls')
        .set({ search: sql<string>`lower(remote || ' ' || dialled)` })
        .execute();
      await db.schema.createIndex('calls_by_account').on('calls').column('account_id').execute();
    },
  },
};
