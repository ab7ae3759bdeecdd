import { timingSafeEqual } from 'node:crypto';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { CanopyError } from '../../base/index.ts';

/** For the description of a route that asks for the key. */
export const KEY = 'Authorization: Bearer and the key of the file api.key in the data folder.';

type ZodInstance = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Adds routes that ask for the key before anything else of a request is looked at. */
export function registerWithApiKey(
  fastify: FastifyInstance,
  apiKey: string,
  addRoutes: (app: ZodInstance) => void,
): void {
  // A plugin, so that the key is asked for here and nowhere else.
  fastify.register(async (scope) => {
    scope.addHook('onRequest', async (request) => requireApiKey(request, apiKey));
    addRoutes(scope.withTypeProvider<ZodTypeProvider>());
  });
}

/** @throws CanopyError API_KEY_INVALID */
function requireApiKey({ headers }: Pick<FastifyRequest, 'headers'>, apiKey: string): void {
  // Compared in constant time, so that the key cannot be guessed byte by byte.
  const given = Buffer.from(headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${apiKey}`);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new CanopyError('API_KEY_INVALID');
  }
}
