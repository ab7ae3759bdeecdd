import type { SqliteDatabase } from 'kysely';
import { CanopyError } from '../../base/index.ts';

/** Maps a SQLite error to a coded error; returns the error itself if it says nothing about the state of the store. */
export function storeError(error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return error;
  const options = { cause: error };
  if (/^SQLITE_(?:BUSY|LOCKED)/.test(code)) return new CanopyError('STORE_BUSY', code, options);
  if (/^SQLITE_(?:FULL|IOERR|READONLY|CANTOPEN|PERM)/.test(code)) {
    return new CanopyError('STORE_UNWRITABLE', code, options);
  }
  if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(code)) {
    return new CanopyError('STORE_UNUSABLE', `${code}: ${message}`, options);
  }
  return error;
}

/** A database that throws coded errors. */
export function withCodedErrors(database: SqliteDatabase): SqliteDatabase {
  const coded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storeError(error);
    }
  };
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = coded(() => database.prepare(sql));
      return {
        reader: statement.reader,
        all: (parameters) => coded(() => statement.all(parameters)),
        run: (parameters) => coded(() => statement.run(parameters)),
        iterate: (parameters) => coded(() => statement.iterate(parameters)),
      };
    },
  };
}
