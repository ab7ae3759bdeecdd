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
import { CanopyError } from '../../../base/index.ts';
import { demand, type ServerAction } from '../policy/index.ts';
import { OPERATOR, type TokenPrincipal } from '../principals/index.ts';
import { API_KEY_SCHEME } from './openapi.ts';

/** The application, with its routes typed by their schemas. */
export type ZodInstance = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Adds routes that check the API key, and its right to `action`, before anything else in a request. */
export function registerWithApiKey(
  fastify: FastifyInstance,
  { apiKey, action }: { apiKey: string; action: ServerAction },
  addRoutes: (app: ZodInstance) => void,
): void {
  // A plugin, so that these hooks apply to these routes only.
  fastify.register(async (scope) => {
    scope.addHook('onRoute', ({ schema }) => {
      if (schema !== undefined) {
        schema.security = [{ [API_KEY_SCHEME]: [] }];
      }
    });
    scope.addHook('onRequest', async (request) => demand(requireApiKey(request, apiKey), action));
    addRoutes(scope.withTypeProvider<ZodTypeProvider>());
  });
}

/** @throws {CanopyError} API_KEY_INVALID */
function requireApiKey(request: Pick<FastifyRequest, 'headers'>, apiKey: string): TokenPrincipal {
  if (!hasApiKey(request, apiKey)) {
    throw new CanopyError('API_KEY_INVALID');
  }
  return OPERATOR;
}

/** Compares in constant time, so that the key cannot be guessed byte by byte. */
export function hasApiKey({ headers }: Pick<FastifyRequest, 'headers'>, apiKey: string): boolean {
  const given = Buffer.from(headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${apiKey}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
