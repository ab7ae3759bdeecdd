import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const POLL_MIGRATIONS: Migrations = {
  '0020_polls': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('polls')
        .addColumn('poll_id', 'text', (column) => column.primaryKey())
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addColumn('number', 'integer', (column) => column.notNull())
        .addColumn('rev', 'integer', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('account_id', 'text')
        .addColumn('display_name', 'text')
        .addColumn('question', 'text', (column) => column.notNull())
        .addColumn('answers', 'text', (column) => column.notNull())
        .addColumn('multiple', 'integer', (column) => column.notNull())
        .addColumn('anonymous', 'integer', (column) => column.notNull())
        .addColumn('results', 'text', (column) => column.notNull())
        .addColumn('close_after_s', 'integer')
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('opened_at_ms', 'bigint')
        .addColumn('closes_at_ms', 'bigint')
        .addColumn('closed_at_ms', 'bigint')
        .addColumn('changed_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('voters', 'integer')
        .addColumn('counts', 'text')
        .addUniqueConstraint('polls_by_number', ['room_id', 'number'])
        .execute();
      for (const [name, columns] of [
        ['polls_by_account', ['account_id']],
        ['polls_by_deadline', ['status', 'closes_at_ms']],
      ] as const) {
        await db.schema
          .createIndex(name)
          .on('polls')
          .columns([...columns])
          .execute();
      }
      await db.schema
        .createTable('poll_votes')
        .addColumn('poll_id', 'text', (column) =>
          column.notNull().references('polls.poll_id').onDelete('cascade'),
        )
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('display_name', 'text')
        .addColumn('answers', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('poll_votes_key', ['poll_id', 'account_id'])
        .execute();
      await db.schema.createIndex('poll_votes_by_account').on('poll_votes').column('account_id').execute();
      await db.schema
        .createTable('poll_viewers')
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('since_ms', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('poll_viewers_key', ['room_id', 'account_id'])
        .execute();
      await db.schema
        .createIndex('poll_viewers_by_account')
        .on('poll_viewers')
        .column('account_id')
        .execute();
    },
  },
};
