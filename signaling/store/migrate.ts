import { type Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { CanopyError } from '../../base/index.ts';
import type { Migrations } from './migrations.ts';
import type { Tables } from './tables.ts';

function migratorOf(db: Kysely<Tables>, migrations: Migrations): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => migrations } });
}

/**
 * Brings the tables up to date.
 *
 * @param where what to call the database in an error
 * @param target the last migration to apply; null: none; default: all
 * @throws {CanopyError} STORE_UNUSABLE - a newer version has migrated it; with a `target` of null, also if it is new
 */
export async function migrate(
  db: Kysely<Tables>,
  migrations: Migrations,
  where: string,
  target?: string | null,
): Promise<void> {
  if (target === null) {
    const last = await lastMigration(db);
    if (last === undefined) {
      throw new CanopyError('STORE_UNUSABLE', `${where} has no Canopy tables`);
    }
    if (!Object.hasOwn(migrations, last)) {
      throw newer(where, last);
    }
    return;
  }
  if (target !== undefined && !Object.hasOwn(migrations, target)) {
    throw newer(where, target);
  }
  const migrator = migratorOf(db, migrations);
  const { error } =
    target === undefined ? await migrator.migrateToLatest() : await migrator.migrateTo(target);
  if (error === undefined) {
    return;
  }
  const unknown = /previously executed migration (\S+) is missing/.exec((error as Error).message)?.[1];
  throw unknown === undefined ? error : newer(where, unknown, error);
}

/** The last migration that was applied; undefined for a new database. */
export async function lastMigration(db: Kysely<Tables>): Promise<string | undefined> {
  const infos = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!infos.some(({ name }) => name === 'kysely_migration')) {
    return undefined;
  }
  const { rows } = await sql<{ name: string }>`
    select name from kysely_migration order by name desc limit 1`.execute(db);
  return rows[0]?.name;
}

/** The first migration that an existing database still needs; undefined if it is new or up to date. */
export async function pendingMigration(
  db: Kysely<Tables>,
  migrations: Migrations,
): Promise<string | undefined> {
  const infos = await migratorOf(db, migrations).getMigrations();
  if (!infos.some(({ executedAt }) => executedAt)) {
    return undefined;
  }
  return infos.find(({ executedAt }) => !executedAt)?.name;
}

function newer(where: string, migration: string, cause?: unknown): CanopyError {
  return new CanopyError(
    'STORE_UNUSABLE',
    `${where} was migrated by a newer Canopy (${migration}): run that version, or restore an older backup`,
    { cause },
  );
}
