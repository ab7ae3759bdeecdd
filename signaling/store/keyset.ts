import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { Tables } from './tables.ts';

/** One page of a list: at most `limit` rows, only those after the row with the id `after`. */
export interface Page {
  limit: number;
  after?: string | undefined;
}

/**
 * One page of the rows that a query of one table finds, by creation time, latest first, then by id. Unlike an offset, it neither skips nor
 * repeats a row when others are added.
 */
export function latestFirst<T extends keyof Tables & string, Row>(
  query: SelectQueryBuilder<Tables, T, Row>,
  table: T,
  idColumn: keyof Tables[T] & string,
  { limit, after }: Page,
): Promise<Row[]> {
  const rest = after === undefined ? query : query.where(isAfter(table, idColumn, after));
  return rest
    .orderBy(sql.ref('created_at_ms'), 'desc')
    .orderBy(sql.ref(idColumn), 'desc')
    .limit(limit)
    .execute() as Promise<Row[]>;
}

function isAfter(table: string, idColumn: string, id: string): RawBuilder<boolean> {
  const key = sql`${sql.ref('created_at_ms')}, ${sql.ref(idColumn)}`;
  return sql`(${key}) < (select ${key} from ${sql.table(table)} where ${sql.ref(idColumn)} = ${id})`;
}
