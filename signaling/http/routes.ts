import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { CanopyError } from '../../base/index.ts';
import { type HandlerContext, invitationUrl } from '../handlers/index.ts';
import {
  enrolRequest,
  enrolResponse,
  inviteRequest,
  inviteResponse,
  PROTOCOL_VERSION,
  serverInfo,
  serverQuery,
} from '../protocol/index.ts';
import { hasApiKey, registerWithApiKey } from './api-key.ts';
import { errorResponse } from './error-response.ts';
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
  const { accounts, authority, config, invitations } = context;

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
        description: 'Redeems an invitation: signs the certificate request of a new account.',
        body: enrolRequest,
        response: { 200: enrolResponse, '4xx': errorResponse },
      },
      config: { rateLimit: { max: 300, timeWindow: '1 minute' } },
    },
    async ({ body }) => {
      const invitation = await invitations.check(body.secret);
      const displayName = body.displayName ?? invitation.display_name ?? 'Guest';
      const { role } = invitation;
      const validSeconds = role === 'guest' ? GUEST_VALID_SECONDS : MEMBER_VALID_SECONDS;
      const signed = await authority.signAccount(Buffer.from(body.csr, 'base64'), {
        displayName,
        validSeconds,
      });
      // Whoever loses a race for the invitation gets no certificate.
      await invitations.use(body.secret, signed.accountId);
      await accounts.ensure({
        accountId: signed.accountId,
        displayName,
        role,
        source: 'invite',
        nowMs: Date.now(),
      });
      if (invitation.room_id !== null) {
        await accounts.grant(signed.accountId, invitation.room_id);
      }
      context.log.info({ accountId: signed.accountId, role }, 'account enrolled');
      return {
        chain: signed.chain.map((der) => Buffer.from(der).toString('base64')),
        role,
        displayName,
        expiresAtMs: signed.notAfterMs,
        ...(invitation.room_id !== null && { roomId: invitation.room_id }),
      };
    },
  );
}
