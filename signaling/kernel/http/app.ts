import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
} from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { CanopyError, clientAddress, type ErrorCode, type Logger, networkOf } from '../../../base/index.ts';
import { roomId } from '../../../contract/index.ts';
import { toCoded } from './coded.ts';
import { describeRoute, swaggerOptions, swaggerUiOptions } from './openapi.ts';

/** The module that other sites load to embed meetings. */
const EMBED_MODULE = 'embed.js';
/** The page as other sites open it to get a meeting. */
const CREATION_PAGE = '/create-meeting';

const WEB_BUNDLE = fileURLToPath(new URL('../../../client/web/dist', import.meta.url));

export interface AppOptions {
  server: Server;
  log: Logger;
  /** Number of trusted proxies in front of the server that report client addresses. */
  trustProxy: number;
  version: string;
  /** Web origins whose pages may embed this one. */
  embedders?: readonly string[];
  /** Folder of the built web page. Default: client/web/dist. */
  webBundle?: string;
  onError(code: ErrorCode): void;
}

/** Creates the fastify application: security headers, API documentation, the web page, coded errors. Callers add their routes. */
export async function createApp({
  server,
  log,
  trustProxy,
  version,
  embedders = [],
  webBundle = WEB_BUNDLE,
  onError,
}: AppOptions): Promise<FastifyInstance> {
  const app = fastify({
    serverFactory: (handler) => server.on('request', handler),
    loggerInstance: log.child({}, { level: 'warn' }) as FastifyBaseLogger,
    bodyLimit: 64 * 1024,
    forceCloseConnections: true,
  });
  // Some clients set a content type on every request, even a DELETE without a body.
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
      log.error({ err: error }, 'HTTP request failed with an internal error');
    }
    return reply.status(coded.status).send({ error: coded.toJSON() });
  });
  app.setNotFoundHandler((request, reply) => {
    const room = roomOf(request);
    // People may type a room's name after the server's address.
    if (room !== undefined) {
      return reply.redirect(`/#/room/${encodeURIComponent(room)}`);
    }
    onError('NOT_FOUND');
    return reply.status(404).send({ error: new CanopyError('NOT_FOUND').toJSON() });
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        connectSrc: ["'self'"],
        // WebAssembly for the effects on one's own sound and picture.
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        fontSrc: ["'self'", 'data:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        mediaSrc: ["'self'", 'blob:'],
        imgSrc: ["'self'", 'data:', 'blob:'],
        workerSrc: ["'self'", 'blob:'],
        frameAncestors: ["'self'", ...embedders],
        upgradeInsecureRequests: null,
      },
    },
    // HSTS needs a certificate that browsers trust, which ours may not be. A proxy in front can set this header.
    strictTransportSecurity: false,
    crossOriginEmbedderPolicy: false,
  });
  await app.register(rateLimit, {
    global: false,
    keyGenerator: ({ raw }) => networkOf(clientAddress(raw, trustProxy)),
    errorResponseBuilder: () => new CanopyError('RATE_LIMITED'),
  });
  await app.register(swagger, swaggerOptions(version));
  await app.register(swaggerUi, swaggerUiOptions);
  app.addHook('onRoute', describeRoute);
  if (existsSync(webBundle)) {
    await app.register(fastifyStatic, {
      root: webBundle,
      preCompressed: true,
      cacheControl: false,
      setHeaders: (reply, path) => {
        reply.header('cache-control', isHashed(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
        reply.header('vary', 'accept-encoding');
        if (basename(path).startsWith(EMBED_MODULE)) {
          reply.header('access-control-allow-origin', '*');
          reply.header('cross-origin-resource-policy', 'cross-origin');
        }
      },
    });
    app.get(CREATION_PAGE, { schema: { hide: true } }, (_request, reply) =>
      // The default policy would cut the window off from the site that opened it and waits for the link.
      reply.header('cross-origin-opener-policy', 'unsafe-none').sendFile('index.html'),
    );
  } else {
    log.warn('web app is not built; npm start builds it');
  }
  return app;
}

/** Vite puts a content hash into the names of files in assets/, so the content behind a name never changes. */
function isHashed(path: string): boolean {
  return /[\\/]assets[\\/]/.test(path);
}

/** The room named by a browser request for a path like `/team`. */
function roomOf({ method, url, headers }: FastifyRequest): string | undefined {
  if (method !== 'GET' || !headers.accept?.includes('text/html')) {
    return undefined;
  }
  const [path = ''] = url.split('?');
  try {
    const { success, data } = roomId.safeParse(decodeURIComponent(path.slice(1)));
    return success ? data : undefined;
  } catch {
    return undefined;
  }
}
