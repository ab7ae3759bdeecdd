import { type Kysely, SqliteAdapter, sql } from 'kysely';
import type { Migrations } from '../../store/index.ts';
import { CHAT_FILE_MIGRATIONS } from './files/index.ts';

export const CHAT_MIGRATIONS: Migrations = {
  ...CHAT_FILE_MIGRATIONS,
  '0011_chat': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('chats')
        .addColumn('room_id', 'text', (column) => column.primaryKey())
        .addColumn('chat_id', 'text', (column) => column.notNull())
        .addColumn('rev', 'bigint', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('chat_messages')
        .addColumn('message_id', 'integer', (column) => column.primaryKey())
        .addColumn('room_id', 'text', (column) =>
          column.notNull().references('chats.room_id').onDelete('cascade'),
        )
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addColumn('rev', 'bigint', (column) => column.notNull())
        .addColumn('client_id', 'text', (column) => column.notNull())
        .addColumn('account_id', 'text')
        .addColumn('participant_id', 'text')
        .addColumn('display_name', 'text')
        .addColumn('certified_name', 'text')
        .addColumn('sent_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('edited_at_ms', 'bigint')
        .addColumn('gone', 'text')
        .addColumn('text', 'text', (column) => column.notNull())
        .addColumn('words', 'text', (column) => column.notNull())
        .addColumn('reply_to', 'bigint')
        .addColumn('mentions', 'text', (column) => column.notNull())
        .addColumn('reactions', 'text', (column) => column.notNull())
        .addColumn('size', 'integer', (column) => column.notNull())
        .addUniqueConstraint('chat_messages_by_seq', ['room_id', 'seq'])
        .addUniqueConstraint('chat_messages_by_client_id', ['room_id', 'account_id', 'client_id'])
        .execute();
      for (const [name, columns] of [
        ['chat_messages_by_rev', ['room_id', 'rev']],
        ['chat_messages_by_time', ['room_id', 'sent_at_ms']],
        ['chat_messages_by_account', ['account_id']],
      ] as const) {
        await db.schema
          .createIndex(name)
          .on('chat_messages')
          .columns([...columns])
          .execute();
      }
      await db.schema
        .createTable('chat_readers')
        .addColumn('room_id', 'text', (column) =>
          column.notNull().references('chats.room_id').onDelete('cascade'),
        )
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('since_seq', 'bigint', (column) => column.notNull())
        .addColumn('read_seq', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_readers_key', ['room_id', 'account_id'])
        .execute();
      await db.schema
        .createIndex('chat_readers_by_account')
        .on('chat_readers')
        .column('account_id')
        .execute();
      await (db.getExecutor().adapter instanceof SqliteAdapter ? indexInSqlite(db) : indexInPostgres(db));
    },
  },
  '0061_sealed_chat': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('chat_messages').addColumn('sealed', 'text').execute();
      await db.schema
        .alterTable('chat_messages')
        .addColumn('sealed_reactions', 'text', (column) => column.notNull().defaultTo('[]'))
        .execute();
    },
  },
};

/** Triggers maintain the index, so that rows restored from a backup are in it too. The room is indexed as a word of its own. */
async function indexInSqlite(db: Kysely<unknown>): Promise<void> {
  await sql`
    create virtual table chat_search using fts5(room, words, content = '', contentless_delete = 1,
      tokenize = 'unicode61 remove_diacritics 0', prefix = '1 2 3')`.execute(db);
  const add = sql.raw(
    'insert into chat_search (rowid, room, words) values (new.message_id, hex(new.room_id), new.words);',
  );
  const remove = sql.raw('delete from chat_search where rowid = old.message_id;');
  await sql`create trigger chat_search_add after insert on chat_messages begin ${add} end`.execute(db);
  await sql`create trigger chat_search_remove after delete on chat_messages begin ${remove} end`.execute(db);
  await sql`
    create trigger chat_search_change after update of words on chat_messages
    begin ${remove} ${add} end`.execute(db);
}

async function indexInPostgres(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index chat_search on chat_messages using gin (to_tsvector('simple'::regconfig, words))`.execute(
    db,
  );
}
