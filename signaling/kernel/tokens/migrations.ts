import type { Kysely } from 'kysely';
import type { Migrations } from '../../store/index.ts';

export const API_TOKEN_MIGRATIONS: Migrations = {
  '0018_api_tokens': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('api_tokens')
        .addColumn('token_id', 'text', (column) => column.primaryKey())
        .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('scopes', 'text', (column) => column.notNull())
        .addColumn('rooms', 'text')
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('expires_at_ms', 'bigint')
        .addColumn('last_used_at_ms', 'bigint')
        .execute();
    },
  },
};
