import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Role } from '../protocol/index.ts';

/** Tables of the store. Times are Unix times in milliseconds. */
export interface Tables {
  accounts: AccountRow;
  /** Rooms that a guest may enter. */
  grants: { account_id: string; room_id: string };
  invitations: InvitationRow;
}

export interface AccountRow {
  account_id: string;
  display_name: string;
  role: Role;
  source: 'invite' | 'pki';
  created_at_ms: number;
  last_seen_at_ms: number | null;
}

export interface InvitationRow {
  /** SHA-256 of the secret, hex: the store never holds the secret itself. */
  secret_hash: string;
  role: Role;
  room_id: string | null;
  display_name: string | null;
  /** Account that made it; null for the command line and the API key. */
  created_by: string | null;
  created_at_ms: number;
  expires_at_ms: number;
  used_at_ms: number | null;
  used_by: string | null;
}

/** Applied in the order of their names; a landed one never changes. */
export const MIGRATIONS: Record<string, Migration> = {
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
};
