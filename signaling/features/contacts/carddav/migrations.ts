import type { Kysely } from 'kysely';
import type { Migrations } from '../../../store/index.ts';

export const ADDRESS_BOOK_MIGRATIONS: Migrations = {
  '0039_address_books': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('address_books')
        .addColumn('account_id', 'text', (column) => column.primaryKey())
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('username', 'text', (column) => column.notNull())
        .addColumn('password', 'text', (column) => column.notNull())
        .addColumn('version', 'text')
        .addColumn('sent_rev', 'bigint', (column) => column.notNull())
        .addColumn('synced_at_ms', 'bigint')
        .addColumn('error', 'text')
        .addColumn('failures', 'integer', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('address_book_cards')
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('href', 'text', (column) => column.notNull())
        .addColumn('contact_id', 'text', (column) => column.notNull())
        .addColumn('etag', 'text', (column) => column.notNull())
        .addColumn('rev', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('address_book_cards_key', ['account_id', 'href'])
        .execute();
    },
  },
};
