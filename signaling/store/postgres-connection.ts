import pg from 'pg';

/** How long to wait for a connection, in milliseconds. */
const CONNECT_MS = 2000;

/** Options for all connections. */
export function connectionOf(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'canopy',
    connectionTimeoutMillis: CONNECT_MS,
    // Detects a dead connection within half a minute.
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

/** The URL without user and password, for logs. */
export function withoutPassword(url: string): string {
  const { protocol, hostname, port, pathname } = new URL(url);
  return `${protocol}//${hostname}${port && `:${port}`}${pathname}`;
}
