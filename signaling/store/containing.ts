import { type RawBuilder, sql } from 'kysely';

/** A condition: the text in this column has this part, exactly as it is written. */
export function containing(column: string, part: string): RawBuilder<boolean> {
  const pattern = `%${part.replaceAll(/[\\%_]/g, '\\$&')}%`;
  return sql<boolean>`${sql.ref(column)} like ${pattern} escape '\\'`;
}
