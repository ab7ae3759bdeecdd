import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { CanopyError, type ErrorCode, type Logger } from '../../base/index.ts';
import { describeRoute, swaggerOptions, swaggerUiOptions } from './openapi.ts';

const WEB_BUNDLE = fileURLToPath(new URL('../../client/web/dist', import.meta.url));

export interface AppOptions {
  server: Server;
  log: Logger;
  trustProxy: boolean;
  version: string;
  onError(code: ErrorCode): void;
}

/** The HTTP side: hardening, documentation, the web page, coded errors. Routes are registered on it by others. */
export async function createApp({
  server,
  log,
  trustProxy,
  version,
  onError,
}: AppOptions): Promise<FastifyInstance> {
  const app = fastify({
    serverFactory: (handler) => server.on('request', handler),
    loggerInstance: log.child({}, { level: 'warn' }) as FastifyBaseLogger,
    trustProxy,
    bodyLimit: 64 * 1024,
    forceCloseConnections: true,
  });
  // Clients that name the type of a body on every request, as with DELETE, may leave the body out.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) =>
    body === '' ? done(null) : parseJson(request, body, done),
  );
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const coded = toCoded(error);
    onError(coded.code);
    if (coded.code === 'INTERNAL') {
      log.error({ err: error }, 'an HTTP request failed inside the server');
    }
    return reply.status(coded.status).send({ error: coded.toJSON() });
  });
  app.setNotFoundHandler((_request, reply) => {
    onError('NOT_FOUND');
    return reply.status(404).send({ error: new CanopyError('NOT_FOUND').toJSON() });
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        connectSrc: ["'self'"],
        fontSrc: ["'self'", 'data:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        mediaSrc: ["'self'", 'blob:'],
        imgSrc: ["'self'", 'data:', 'blob:'],
        workerSrc: ["'self'", 'blob:'],
        frameAncestors: ["'self'"],
        upgradeInsecureRequests: null,
      },
    },
    // Only those who set up a real certificate can promise HTTPS for good; a proxy in front sets this header.
    strictTransportSecurity: false,
    crossOriginEmbedderPolicy: false,
  });
  await app.register(rateLimit, {
    global: false,
    errorResponseBuilder: () => new CanopyError('RATE_LIMITED'),
  });
  await app.register(swagger, swaggerOptions(version));
  await app.register(swaggerUi, swaggerUiOptions);
  app.addHook('onRoute', describeRoute);
  if (existsSync(WEB_BUNDLE)) {
    await app.register(fastifyStatic, { root: WEB_BUNDLE, cacheControl: true, maxAge: 0 });
  } else {
    log.warn('the web page is not built; npm start builds it');
  }
  return app;
}

function toCoded(error: FastifyError | CanopyError): CanopyError {
  if (error instanceof CanopyError) {
    return error;
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const issue = error.validation[0];
    return new CanopyError('BAD_REQUEST', `${issue?.instancePath.slice(1) || 'body'}: ${issue?.message}`);
  }
  if (error.statusCode === 413) {
    return new CanopyError('PAYLOAD_TOO_LARGE');
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return new CanopyError('BAD_REQUEST', error.message);
  }
  return CanopyError.from(error);
}
