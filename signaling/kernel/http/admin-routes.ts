import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { canonicalRoomId } from '../../../contract/index.ts';
import { type AdminAction, demand, demandScope, scopeOf } from '../policy/index.ts';
import type { TokenPrincipal } from '../principals/index.ts';
import type { Authenticator } from './authenticator.ts';
import { API_KEY_SCHEME, SCOPE_FIELD } from './openapi.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls a route of the operator's API. */
    principal: TokenPrincipal;
  }
}

/** The application, with its routes typed by their schemas. */
export type ZodInstance = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Adds routes that check the API key or token, and its right to `action`, before anything else in a request. */
export function registerAdminRoutes(
  fastify: FastifyInstance,
  { authenticator, action }: { authenticator: Authenticator; action: AdminAction },
  addRoutes: (app: ZodInstance) => void,
): void {
  // A plugin, so that these hooks apply to these routes only.
  fastify.register(async (app) => {
    app.addHook('onRoute', ({ schema, method }) => {
      if (schema !== undefined) {
        const scope = scopeOf(action, String(method));
        schema.security = [{ [API_KEY_SCHEME]: [] }];
        Object.assign(schema, { [SCOPE_FIELD]: scope });
        schema.description = `${schema.description ?? ''} Scope: \`${scope}\`.`;
      }
    });
    app.decorateRequest('principal');
    app.addHook('onRequest', async (request) => {
      const principal = authenticator.authenticate(request);
      request.principal = principal;
      demand(principal, action);
      demandScope(principal, scopeOf(action, request.method), roomIn(request));
    });
    addRoutes(app.withTypeProvider<ZodTypeProvider>());
  });
}

/** The room that a request is about, by its path. */
function roomIn({ params }: Pick<FastifyRequest, 'params'>): string | undefined {
  const { roomId } = params as { roomId?: string };
  return roomId === undefined ? undefined : canonicalRoomId(roomId);
}
