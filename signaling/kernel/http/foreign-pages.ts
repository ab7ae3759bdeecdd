import type { FastifyInstance } from 'fastify';

/** What a page needs to get an identity. The rest of the API takes the API key, which no page should hold. */
const PATHS = ['/api/enrol', '/api/server'];

/**
 * Lets pages of the origins that may connect (`server.origins`) enrol people too: browsers keep the answers of one origin from pages of
 * another unless the answer names these (Fetch standard, CORS protocol).
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
    }
  });
  for (const path of PATHS) {
    app.options(path, { schema: { hide: true } }, (_request, reply) => reply.status(204).send());
  }
}
