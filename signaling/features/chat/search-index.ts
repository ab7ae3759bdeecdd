import { type RawBuilder, sql } from 'kysely';

/**
 * Conditions on the rows of messages whose words begin with these. Words have no characters that mean anything in a query (threat 46), and
 * each is quoted.
 */
export function matchesInSqlite(roomId: string, words: readonly string[]): RawBuilder<boolean> {
  const room = Buffer.from(roomId).toString('hex');
  const query = `room : "${room}" AND words : (${words.map((word) => `"${word}"*`).join(' AND ')})`;
  return sql`message_id in (select rowid from chat_search where chat_search match ${query})`;
}

export function matchesInPostgres(words: readonly string[]): RawBuilder<boolean> {
  const query = words.map((word) => `'${word}':*`).join(' & ');
  return sql`to_tsvector('simple'::regconfig, words) @@ to_tsquery('simple'::regconfig, ${query})`;
}
