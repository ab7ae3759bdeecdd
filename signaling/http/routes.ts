import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { CanopyError } from '../../base/index.ts';
import {
  enrolRequest,
  enrolResponse,
  errorResponse,
  inviteRequest,
  inviteResponse,
  PROTOCOL_VERSION,
  serverInfo,
  serverQuery,
} from '../../contract/index.ts';
import { type HandlerContext, invitationUrl } from '../handlers/index.ts';
import { hasApiKey, registerWithApiKey } from './api-key.ts';
import { cacheMetrics, type MetricsPage } from './metrics-cache.ts';

const YEAR_SECONDS = 365 * 86_400;
const MEMBER_VALID_SECONDS = 5 * YEAR_SECONDS;
const GUEST_VALID_SECONDS = 86_400;

export interface RouteOptions {
  context: HandlerContext;
  version: string;
  apiKey: string;
  /** Text of the metrics page and its content type. */
  metrics(): Promise<MetricsPage>;
  /** Rejects while the server cannot take people in. */
  ready(): Promise<void>;
}

export function registerRoutes(
  fastify: FastifyInstance,
  { context, version, apiKey, metrics, ready }: RouteOptions,
): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { authority, config, invitations } = context;

  /** Checked before anything single-use is consumed: a page whose origin may not connect could not use the result. */
  async function requireOwnOrigin({ headers: { origin } }: Pick<FastifyRequest, 'headers'>): Promise<void> {
    if (origin !== undefined && !context.origins().has(origin)) {
      const isUrl = /^https?:\/\/[^\s/]+$/.test(origin);
      const remedy = `start the server with --public-url ${origin} if this is its own address`;
      throw new CanopyError('ORIGIN_NOT_ALLOWED', isUrl ? remedy : undefined);
    }
  }

  app.get('/healthz', { schema: { description: 'Liveness: the process runs.' } }, () => ({ status: 'ok' }));

  app.get(
    '/readyz',
    { schema: { description: 'Readiness: workers and store answer, and the server is not shutting down.' } },
    async () => {
      await ready();
      return { status: 'ready' };
    },
  );

  const cachedMetrics = cacheMetrics(metrics);
  app.get(
    '/metrics',
    {
      schema: {
        description:
          'Metrics in the Prometheus text format. At most a second old; with the API key, made for this request.',
      },
      config: {
        rateLimit: {
          max: 600,
          timeWindow: '1 minute',
          allowList: (request: FastifyRequest) => hasApiKey(request, apiKey),
        },
      },
    },
    async (request, reply) => {
      const { body, contentType } = await (hasApiKey(request, apiKey) ? metrics() : cachedMetrics());
      return reply.type(contentType).send(body);
    },
  );

  app.get(
    '/api/server',
    {
      schema: {
        description: 'What a client needs to know before it connects.',
        querystring: serverQuery,
        response: { 200: serverInfo },
      },
    },
    ({ query: { origin } }) => ({
      name: config.server.name,
      version,
      protocolVersion: PROTOCOL_VERSION,
      identityPolicy: config.identity.policy,
      deploymentCa: Buffer.from(authority.certificateDer).toString('base64'),
      ...(origin !== undefined && { originAllowed: context.origins().has(origin) }),
    }),
  );

  registerWithApiKey(fastify, apiKey, (withKey) => {
    withKey.post(
      '/api/invites',
      {
        schema: {
          description: 'Makes a one-time invitation link.',
          body: inviteRequest,
          response: { 200: inviteResponse, '4xx': errorResponse },
        },
        config: { rateLimit: { max: 600, timeWindow: '1 minute' } },
        onRequest: requireOwnOrigin,
      },
      async ({ body }) => {
        if (body.role === 'guest' && body.roomId === undefined) {
          throw new CanopyError('BAD_REQUEST', 'roomId: a guest is invited to a room');
        }
        const { secret, expiresAtMs } = await invitations.create(body);
        return {
          secret,
          expiresAtMs,
          url: invitationUrl(context.publicUrl(), secret, authority.fingerprint),
        };
      },
    );
  });

  app.post(
    '/api/enrol',
    {
      schema: {
        description:
          'Redeems an invitation: signs the certificate request of a new account. The same request with the same key is answered again for ten minutes.',
        body: enrolRequest,
        response: { 200: enrolResponse, '4xx': errorResponse },
      },
      config: { rateLimit: { max: 300, timeWindow: '1 minute' } },
      onRequest: requireOwnOrigin,
    },
    async ({ body }) => {
      const csr = Buffer.from(body.csr, 'base64');
      const accountId = await authority.accountIdOf(csr);
      const offered = await invitations.check(body.secret, accountId);
      const signed = await authority.signAccount(csr, {
        // The inviter vouches for the name they chose.
        displayName: offered.displayName ?? body.displayName ?? 'Guest',
        validSeconds: offered.role === 'guest' ? GUEST_VALID_SECONDS : MEMBER_VALID_SECONDS,
      });
      // The loser of a race for the invitation gets no certificate.
      const { role, roomId, invitedBy } = await invitations.admit(body.secret, accountId, signed.displayName);
      if (roomId !== null && invitedBy !== accountId) {
        context.rooms.readmit(roomId, accountId);
      }
      context.log.info({ accountId, role }, 'account enrolled');
      return {
        chain: signed.chain.map((der) => Buffer.from(der).toString('base64')),
        role,
        displayName: signed.displayName,
        expiresAtMs: signed.notAfterMs,
        ...(roomId !== null && { roomId }),
      };
    },
  );
}
