import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const AUDIT_MIGRATIONS: Migrations = {
  '0018_audit': {
    async up(db: Kysely<unknown>): Promise<void> {
      const { schema } = db;
      await schema
        .createTable('audit')
        .addColumn('entry_id', 'text', (column) => column.primaryKey())
        .addColumn('at_ms', 'bigint', (column) => column.notNull())
        .addColumn('actor_kind', 'text', (column) => column.notNull())
        .addColumn('actor_id', 'text')
        .addColumn('actor_name', 'text')
        .addColumn('device_id', 'text')
        .addColumn('address', 'text')
        .addColumn('action', 'text', (column) => column.notNull())
        .addColumn('outcome', 'text', (column) => column.notNull())
        .addColumn('room_id', 'text')
        .addColumn('account_id', 'text')
        .addColumn('details', 'text')
        .addColumn('count', 'integer', (column) => column.notNull())
        .execute();
      for (const column of ['actor_id', 'account_id', 'room_id'] as const) {
        await schema.createIndex(`audit_by_${column}`).on('audit').columns([column, 'entry_id']).execute();
      }
    },
  },
};
