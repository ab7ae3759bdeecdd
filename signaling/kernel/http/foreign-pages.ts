import type { FastifyInstance } from 'fastify';

/** The routes that a page needs for enrolment and files. All others need the API key, which no page should hold. */
const PATHS = ['/api/enrol', '/api/server', '/api/files/:fileId'];

/**
 * Lets pages of other allowed origins (`server.origins`) enrol people and transfer files: adds the CORS headers without which browsers hide the responses from
 * them (Fetch standard, CORS protocol).
 */
export function admitForeignPages(app: FastifyInstance, origins: () => ReadonlySet<string>): void {
  app.addHook('onRequest', async ({ headers: { origin }, routeOptions }, reply) => {
    if (!PATHS.includes(routeOptions.url ?? '')) {
      return;
    }
    reply.header('vary', 'origin');
    if (origin !== undefined && origins().has(origin)) {
      reply.header('access-control-allow-origin', origin);
      reply.header('access-control-allow-headers', 'content-type');
      reply.header('access-control-allow-methods', 'GET, POST, PUT');
    }
  });
  for (const path of PATHS) {
    app.options(path, { schema: { hide: true } }, (_request, reply) => reply.status(204).send());
  }
}
