import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const ROOM_VISIT_MIGRATIONS: Migrations = {
  '0010_room_visits': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('room_visits')
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addColumn('visited_at_ms', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('room_visits_pk', ['account_id', 'room_id'])
        .execute();
      await db.schema
        .createIndex('room_visits_by_time')
        .on('room_visits')
        .columns(['account_id', 'visited_at_ms'])
        .execute();
      await db.schema.createIndex('room_visits_by_room').on('room_visits').column('room_id').execute();
      await db.schema.createIndex('room_visits_by_age').on('room_visits').column('visited_at_ms').execute();
    },
  },
};
