import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { clientAddress } from '../../../base/index.ts';
import { canonicalRoomId } from '../../../contract/index.ts';
import { type AuditLog, aboutOf, actorOf } from '../audit/index.ts';
import { type AdminAction, demand, demandScope, scopeOf } from '../policy/index.ts';
import type { TokenPrincipal } from '../principals/index.ts';
import type { Authenticator } from './authenticator.ts';
import { toCoded } from './coded.ts';
import { API_KEY_SCHEME, SCOPE_FIELD } from './openapi.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls a route of the operator's API. */
    principal: TokenPrincipal;
    /** What the audit log will say about the request. */
    act: { accountId?: string | undefined; answer?: object; failure?: string } | null;
  }
  interface FastifyContextConfig {
    /** The name of the route in the audit log. Default: its method and path. Requests that only read are recorded if they have one. */
    act?: string;
  }
}

export interface AdminRoutesOptions {
  authenticator: Authenticator;
  /** The right that the routes need. */
  action: AdminAction;
  audit: Pick<AuditLog, 'record'>;
  /** Number of trusted proxies in front of the server. */
  trustProxy: number;
  /** The account of a participant in an open room. */
  accountIn(roomId: string, participantId: string): string | undefined;
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
  options: AdminRoutesOptions,
  addRoutes: (app: ZodInstance) => void,
): void {
  const { authenticator, action } = options;
  // A plugin, so that these hooks apply to these routes only.
  fastify.register(async (app) => {
    app.addHook('onRoute', ({ schema, method }) => {
      if (schema !== undefined) {
        const scope = scopeOf(action, String(method));
        const note = ` Scope: \`${scope}\`.`;
        // The HEAD route that comes with a GET shares its schema.
        if (schema.description?.endsWith(note)) {
          return;
        }
        schema.security = [{ [API_KEY_SCHEME]: [] }];
        Object.assign(schema, { [SCOPE_FIELD]: scope });
        schema.description = `${schema.description ?? ''}${note}`;
      }
    });
    app.decorateRequest('principal');
    app.addHook('onRequest', async (request) => {
      const principal = authenticator.authenticate(request);
      request.principal = principal;
      demand(principal, action);
      demandScope(principal, scopeOf(action, request.method), roomIn(request));
    });
    recordActs(app, options);
    addRoutes(app.withTypeProvider<ZodTypeProvider>());
  });
}

/** Records requests that change something, were not permitted, or have a name for the audit log. */
function recordActs(app: FastifyInstance, { audit, trustProxy, accountIn }: AdminRoutesOptions): void {
  app.decorateRequest('act', null);
  app.addHook('preHandler', async (request) => {
    const { roomId, participantId } = request.params as Record<string, string>;
    // Before it is handled, while the participant is still there.
    const accountId = roomId && participantId ? accountIn(roomId, participantId) : undefined;
    request.act = { accountId };
  });
  app.addHook('onError', async (request, _reply, error) => {
    request.act = { ...request.act, failure: toCoded(error).code };
  });
  app.addHook('preSerialization', async (request, _reply, payload) => {
    if (typeof payload === 'object' && payload !== null) {
      request.act = { ...request.act, answer: payload };
    }
  });
  app.addHook('onSend', async (request) => {
    const { principal, routeOptions, method, raw, act } = request;
    const address = clientAddress(raw, trustProxy);
    const outcome = act?.failure ?? 'ok';
    if (!principal) {
      if (outcome !== 'RATE_LIMITED') {
        audit.record({ actor: { kind: 'stranger', address }, action: 'api.authenticate', outcome });
      }
      return;
    }
    const isRead = method === 'GET' || method === 'HEAD';
    if (
      (isRead && routeOptions.config.act === undefined && outcome !== 'SCOPE_MISSING') ||
      outcome === 'RATE_LIMITED'
    ) {
      return;
    }
    const body = (request.body ?? {}) as Record<string, unknown>;
    const params = request.params as Record<string, unknown>;
    const answer = outcome === 'ok' ? act?.answer : undefined;
    const known = { accountId: act?.accountId, ...answer, ...body, ...params };
    audit.record({
      actor: actorOf(principal, address),
      action: routeOptions.config.act ?? `${method} ${routeOptions.url}`,
      outcome,
      ...aboutOf(known, body),
    });
  });
}

/** The room that a request is about, by its path. */
function roomIn({ params }: Pick<FastifyRequest, 'params'>): string | undefined {
  const { roomId } = params as { roomId?: string };
  return roomId === undefined ? undefined : canonicalRoomId(roomId);
}
