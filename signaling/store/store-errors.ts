import type { PostgresPool, PostgresPoolClient, SqliteDatabase } from 'kysely';
import { CanopyError, describeFileError, type ErrorCode } from '../../base/index.ts';

/** PostgreSQL's SQLSTATEs and classes that concern the state of the store. */
const SQL_STATES: ReadonlyArray<[RegExp, ErrorCode]> = [
  // Connection lost, shutting down or starting.
  [/^(?:08|57P)/, 'STORE_UNAVAILABLE'],
  // Too many connections, lock or statement timeout, deadlock, serialization failure.
  [/^(?:53300|55P03|57014|40001|40P01|25P03)$/, 'STORE_BUSY'],
  // Disk or memory full, read-only server, no privilege, I/O error.
  [/^(?:53|25006|42501|58)/, 'STORE_UNWRITABLE'],
  // Wrong password, no such role or database, no schema, corrupted data.
  [/^(?:28|3D000|3F000|XX00[12])/, 'STORE_UNUSABLE'],
];
/** Codes of Node for a certificate or a TLS setting that will not do. */
const TLS = /^(?:ERR_(?:TLS|SSL|OSSL)_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_)/;

/** Maps an error of SQLite or PostgreSQL to a coded error. Returns the error itself if it does not concern the state of the store. */
export function storeError(error: unknown): unknown {
  if (error instanceof CanopyError) {
    return error;
  }
  const { code, message } = error as { code?: unknown; message?: string };
  const options = { cause: error };
  if (typeof code === 'string' && code.startsWith('SQLITE_')) {
    if (/^SQLITE_(?:BUSY|LOCKED)/.test(code)) {
      return new CanopyError('STORE_BUSY', code, options);
    }
    if (/^SQLITE_(?:FULL|IOERR|READONLY|CANTOPEN|PERM)/.test(code)) {
      return new CanopyError('STORE_UNWRITABLE', code, options);
    }
    if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(code)) {
      return new CanopyError('STORE_UNUSABLE', `${code}: ${message}`, options);
    }
    return error;
  }
  const { syscall, path } = error as NodeJS.ErrnoException;
  // A file that the URL names, such as that of sslrootcert.
  if (syscall === 'open' && path !== undefined) {
    return new CanopyError('STORE_UNUSABLE', describeFileError(path, error), options);
  }
  if ((typeof code === 'string' && TLS.test(code)) || UNUSABLE.test(message ?? '')) {
    return new CanopyError('STORE_UNUSABLE', message, options);
  }
  if (isConnectionError(error)) {
    return new CanopyError('STORE_UNAVAILABLE', String(code ?? message), options);
  }
  const known = SQL_STATES.find(([states]) => typeof code === 'string' && states.test(code))?.[1];
  return known === undefined ? error : new CanopyError(known, `${code}: ${message}`, options);
}

/** Whether a statement violated a unique constraint, on either engine. */
export function isUniqueViolation(error: unknown): boolean {
  return ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', '23505'].includes(
    (error as { code?: string }).code ?? '',
  );
}

/** What the `pg` package says without a code: `sslmode` asks for TLS and PostgreSQL has none; a password is missing or refused. */
const UNUSABLE = /^(?:The server does not support SSL|SASL: )/;

/** What the `pg` package says when it gives up waiting, or when the connection ends; these errors have no code. */
const LOST =
  /^(?:Connection terminated|Query read timeout|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|.*not queryable)/;

/** Whether the connection to PostgreSQL is lost or unusable. */
function isConnectionError(error: unknown): boolean {
  const { code, message = '', syscall } = error as { code?: string; message?: string; syscall?: string };
  return code === undefined ? LOST.test(message) : syscall !== undefined || /^E[A-Z]+$/.test(code);
}

/** Wraps a database so that it throws coded errors. */
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

/**
 * Wraps a pool so that it throws coded errors. A connection with an outstanding answer is closed instead of reused.
 *
 * @param check called before a connection is used; it may throw
 */
export function poolWithCodedErrors(pool: PostgresPool, check: () => void): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      check();
      const client = await pool.connect().catch((error: unknown) => {
        throw storeError(error);
      });
      return clientWithCodedErrors(client as PoolClient);
    },
  };
}

type PoolClient = PostgresPoolClient & { release(error?: boolean): void };

function clientWithCodedErrors(client: PoolClient): PostgresPoolClient {
  let lost: unknown;
  const query = async (...args: unknown[]) => {
    if (lost !== undefined) {
      throw lost;
    }
    try {
      return await (client.query as (...args: unknown[]) => Promise<unknown>)(...args);
    } catch (error) {
      const coded = storeError(error);
      if (coded instanceof CanopyError && coded.code === 'STORE_UNAVAILABLE') {
        lost = coded;
      }
      throw coded;
    }
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: () => client.release(lost !== undefined),
  };
}
