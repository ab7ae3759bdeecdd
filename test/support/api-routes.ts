/** Routes that anyone may use. */
export const PUBLIC_ROUTES: readonly string[] = [
  'GET /api/server',
  'GET /healthz',
  'GET /metrics',
  'GET /readyz',
  'POST /api/enrol',
  'POST /api/links/open',
  'POST /api/shared-recordings/open',
];

/** Routes for programs with a stream key. */
export const STREAM_ROUTES: readonly string[] = [
  'POST /whip/{roomId}',
  'POST /whep/{roomId}',
  'PATCH /whip/{roomId}/{sessionId}',
  'PATCH /whep/{roomId}/{sessionId}',
  'DELETE /whip/{roomId}/{sessionId}',
  'DELETE /whep/{roomId}/{sessionId}',
];

/** Routes whose URL has a ticket in place of the key. */
export const TICKET_ROUTES: readonly string[] = [
  'GET /api/export',
  'GET /api/export/rooms/{roomId}',
  'GET /api/files/{fileId}',
  'GET /api/recordings/{recordingId}/tracks/{file}',
  'GET /api/recordings/{recordingId}/compositions/{compositionId}',
  'GET /api/recordings/{recordingId}/events',
  'GET /api/recordings/{recordingId}/zip',
  'GET /api/shared-recordings/{shareId}/tracks/{file}',
  'GET /api/shared-recordings/{shareId}/compositions/{compositionId}',
  'GET /api/shared-recordings/{shareId}/events',
  'PUT /api/files/{fileId}',
];

/** A route of the OpenAPI document. */
export interface ApiRoute {
  /** Method and path, e.g. `GET /api/rooms/{roomId}`. */
  name: string;
  method: string;
  path: string;
  /** Whether the document says that it needs the key or a token. */
  needsKey: boolean;
  description: string;
  /** The scope that a token needs. */
  scope: string;
}

/** All routes that a server documents. */
export async function apiRoutes({ url }: { url: string }): Promise<ApiRoute[]> {
  const response = await fetch(new URL('/api/docs/json', url));
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, Operation>> };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([verb, operation]) => {
      const method = verb.toUpperCase();
      return {
        name: `${method} ${path}`,
        method,
        path,
        needsKey: operation.security !== undefined,
        description: operation.description ?? '',
        scope: operation['x-required-scope'] ?? '',
      };
    }),
  );
}

interface Operation {
  security?: unknown[];
  description?: string;
  'x-required-scope'?: string;
}
