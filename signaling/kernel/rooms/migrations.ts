import { type Kysely, sql } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const ROOM_MIGRATIONS: Migrations = {
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
  '0009_room_roles': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('room_roles')
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('room_id', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('room_roles_pk', ['account_id', 'room_id'])
        .execute();
      await db.schema.createIndex('room_roles_by_room').on('room_roles').column('room_id').execute();
      const { rows } = await sql<{ room_id: string; settings: string }>`
        select room_id, settings from rooms where settings <> '{}'`.execute(db);
      for (const { room_id, settings } of rows) {
        const { roles = {} } = JSON.parse(settings) as { roles?: object };
        for (const account_id of Object.keys(roles)) {
          await sql`insert into room_roles (account_id, room_id) values (${account_id}, ${room_id})`.execute(
            db,
          );
        }
      }
    },
  },
};
