import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { CanopyError, type Config } from '../../../base/index.ts';
import { PROTOCOL_VERSION, serverInfo, serverQuery } from '../../../contract/index.ts';
import type { Authority, TrustStore } from '../../identity/index.ts';
import type { ZodInstance } from './admin-routes.ts';
import type { Authenticator } from './authenticator.ts';
import { cacheMetrics, type MetricsPage } from './metrics-cache.ts';
import type { OwnOrigins } from './origins.ts';

export interface ServerRoutesOptions {
  config: Config;
  authority: Pick<Authority, 'certificateDer'>;
  trust: Pick<TrustStore, 'companyAuthorities'>;
  origins: OwnOrigins;
  version: string;
  authenticator: Authenticator;
  /** What rooms support. */
  routerRtpCapabilities: Readonly<Record<string, unknown>>;
  /** The address that people open. */
  publicUrl(): string;
  /** Text of the metrics page and its content type. */
  metrics(): Promise<MetricsPage>;
  /** Rejects while the server cannot admit people. */
  ready(): Promise<void>;
}

/** Health, metrics, and what a client needs to know before it connects. */
export function registerServerRoutes(fastify: FastifyInstance, options: ServerRoutesOptions): void {
  const { config, authority, trust, origins, version, publicUrl, ready } = options;
  const app = fastify.withTypeProvider<ZodTypeProvider>();

  app.get('/healthz', { schema: { description: 'Liveness: the process is running.' } }, () => ({
    status: 'ok',
  }));

  app.get(
    '/readyz',
    {
      schema: {
        description: 'Readiness: media workers and database work, and the server is not shutting down.',
      },
    },
    async () => {
      await ready();
      return { status: 'ready' };
    },
  );

  if (config.metrics.port === 0) {
    registerMetricsRoute(app, options);
  }

  app.get(
    '/api/server',
    {
      schema: {
        description: 'What a client needs to know before it connects.',
        querystring: serverQuery,
        response: { 200: serverInfo },
      },
    },
    ({ query: { origin, embedder, media, authorities } }) => ({
      name: config.server.name,
      version,
      protocolVersion: PROTOCOL_VERSION,
      identityPolicy: config.identity.policy,
      ...(config.oidc.issuer !== undefined && {
        signOn: { label: config.oidc.label, origin: publicUrl() },
      }),
      ...(media !== undefined && { routerRtpCapabilities: { ...options.routerRtpCapabilities } }),
      deploymentCa: base64(authority.certificateDer),
      ...(authorities !== undefined &&
        config.identity.policy === 'pki' && {
          authorities: trust.companyAuthorities.map(({ der }) => base64(der)),
        }),
      ...(origin !== undefined && { originAllowed: origins.current().has(origin) }),
      ...(embedder !== undefined && { embedderAllowed: config.server.embedders.includes(embedder) }),
    }),
  );
}

const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');

function registerMetricsRoute(
  app: ZodInstance,
  { config, authenticator, metrics }: ServerRoutesOptions,
): void {
  const cachedMetrics = cacheMetrics(metrics);
  app.get(
    '/metrics',
    {
      schema: {
        description:
          'Metrics in the Prometheus text format. They are at most a second old; with the API key or a token with the scope `metrics:read`, they are current. With `metrics.access` `token`, only with these.',
      },
      config: {
        rateLimit: {
          max: 600,
          timeWindow: '1 minute',
          allowList: (request: FastifyRequest) => authenticator.mayReadMetrics(request),
        },
      },
    },
    async (request, reply) => {
      const isTrusted = authenticator.mayReadMetrics(request);
      if (!isTrusted && config.metrics.access === 'token') {
        throw new CanopyError('API_KEY_INVALID');
      }
      const { body, contentType } = await (isTrusted ? metrics() : cachedMetrics());
      return reply.type(contentType).send(body);
    },
  );
}
