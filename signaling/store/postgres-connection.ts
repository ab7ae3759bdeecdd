import pg from 'pg';

/** How long to wait for a connection, in milliseconds. */
const CONNECT_MS = 2000;

/** How every connection is made. */
export function connectionOf(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'canopy',
    connectionTimeoutMillis: CONNECT_MS,
    // A dead connection ends within half a minute.
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  };
}

/** Counts and times are `int8`, which `pg` returns as text because it may exceed 2⁵³; ours never do. */
function typeParser(oid: number, format?: 'text' | 'binary'): unknown {
  return oid === pg.types.builtins.INT8 && format !== 'binary'
    ? Number
    : pg.types.getTypeParser(oid, format as 'text');
}

/** The URL as it may be logged. */
export function withoutPassword(url: string): string {
  const { protocol, hostname, port, pathname } = new URL(url);
  return `${protocol}//${hostname}${port && `:${port}`}${pathname}`;
}
