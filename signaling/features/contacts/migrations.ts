import { type Kysely, SqliteAdapter, sql } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const CONTACT_MIGRATIONS: Migrations = {
  '0016_contacts': {
    async up(db: Kysely<unknown>): Promise<void> {
      // The order by which pages continue must be the same on both engines, whatever the database's locale.
      const ordered = db.getExecutor().adapter instanceof SqliteAdapter ? sql`text` : sql`text collate "C"`;
      await db.schema
        .createTable('contacts')
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('contact_id', ordered, (column) => column.notNull())
        .addColumn('rev', 'bigint', (column) => column.notNull())
        .addColumn('changed_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('deleted_at_ms', 'bigint')
        .addColumn('rank', 'integer', (column) => column.notNull())
        .addColumn('sort_key', ordered, (column) => column.notNull())
        // Before the long columns, so that a search in SQLite does not read those.
        .addColumn('search', 'text', (column) => column.notNull())
        .addColumn('size', 'integer', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addColumn('vcard', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('contacts_pk', ['account_id', 'contact_id'])
        .addUniqueConstraint('contacts_by_rev', ['account_id', 'rev'])
        .execute();
      await db.schema
        .createIndex('contacts_by_name')
        .on('contacts')
        .columns(['account_id', 'rank', 'sort_key', 'contact_id'])
        .execute();
      await db.schema
        .createIndex('contacts_by_deletion')
        .on('contacts')
        .columns(['account_id', 'deleted_at_ms', 'size'])
        .execute();
      await db.schema
        .createTable('contact_keys')
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('contact_id', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('contact_keys_pk', ['account_id', 'key', 'contact_id'])
        .execute();
      await db.schema
        .createIndex('contact_keys_by_contact')
        .on('contact_keys')
        .columns(['account_id', 'contact_id'])
        .execute();
    },
  },
};
