import { type Kysely, sql, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';

type AccountTable = {
  [T in keyof Tables]: Tables[T] extends { account_id: string | null } ? T & string : never;
}[keyof Tables];

/**
 * Moves an account's rows of a table to another account. Where both have a row with the same key, the moved one replaces the other.
 *
 * @param key the column that together with `account_id` identifies a row
 */
export async function moveRows<T extends AccountTable>(
  db: Kysely<Tables> | Transaction<Tables>,
  table: T,
  key: keyof Tables[T] & string,
  { from, to }: { from: string; to: string },
): Promise<void> {
  const [name, column] = [sql.table(table), sql.ref(key)];
  await sql`
    delete from ${name} where account_id = ${to}
    and ${column} in (select ${column} from ${name} where account_id = ${from})`.execute(db);
  await sql`update ${name} set account_id = ${to} where account_id = ${from}`.execute(db);
}
