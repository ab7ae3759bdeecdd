import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const BAN_MIGRATIONS: Migrations = {
  '0008_room_bans': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('room_bans')
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('display_name', 'text', (column) => column.notNull())
        .addColumn('banned_by', 'text')
        .addColumn('banned_by_name', 'text')
        .addColumn('banned_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('invitation', 'text')
        .addPrimaryKeyConstraint('room_bans_key', ['room_id', 'account_id'])
        .execute();
    },
  },
};
