import { type RawBuilder, sql } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * For lists ordered by creation time, latest first, then by id: matches the rows after the one with this id. Unlike an offset, it neither
 * skips nor repeats a row when others are added.
 */
export function isAfter(table: keyof Tables, idColumn: string, id: string): RawBuilder<boolean> {
  const key = sql`${sql.ref('created_at_ms')}, ${sql.ref(idColumn)}`;
  return sql`(${key}) < (select ${key} from ${sql.table(table)} where ${sql.ref(idColumn)} = ${id})`;
}
