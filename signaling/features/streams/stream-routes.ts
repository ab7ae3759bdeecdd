import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CanopyError, clientAddress, networkOf } from '../../../base/index.ts';
import { objectId, roomParams, type StreamDirection } from '../../../contract/index.ts';
import { type Kernel, StrangerRate, toCoded, type ZodInstance } from '../../kernel/index.ts';
import { iceServerLinks } from './ice-server-links.ts';
import { requireKey } from './require-key.ts';
import { writeIceFragment } from './sdp/index.ts';
import type { StreamKeys } from './stream-keys.ts';
import type { StartedStream, Streams } from './streams.ts';
import type { StreamKeyRow } from './tables.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The key with which a program sends or watches. */
    streamKey: StreamKeyRow | null;
  }
}

const SDP = 'application/sdp';
const SDP_FRAGMENT = 'application/trickle-ice-sdpfrag';
/** An offer of every codec for a dozen sections has 20 KiB. */
const MAX_SDP_BYTES = 48 * 1024;
/** What programs are asked to wait after a refusal that may pass, in seconds. */
const RETRY_SECONDS = 10;

const sessionParams = roomParams.extend({ sessionId: objectId });

/** What a viewer may ask for in the URL. */
const viewQuery = z.object({
  /** A participant, or an account, whose video and voice are sent, whoever else speaks. */
  participant: z.string().max(64).optional(),
  /** Size at which the video is shown, in pixels. */
  width: z.coerce.number().int().min(16).max(4096).default(1280),
  height: z.coerce.number().int().min(16).max(4096).default(720),
});

/** WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): programs send into rooms and watch them. */
export function registerStreamRoutes(kernel: Kernel, keys: StreamKeys, streams: Streams): void {
  const { trustProxy } = kernel.config.server;
  const rate = new StrangerRate();
  const networkAt = ({ raw }: Pick<FastifyRequest, 'raw'>) => networkOf(clientAddress(raw, trustProxy));

  /** Refuses strangers before their body is read. */
  const authenticate = (direction: StreamDirection) => async (request: FastifyRequest) => {
    const network = networkAt(request);
    rate.take(network);
    const { roomId } = request.params as { roomId: string };
    request.streamKey = await requireKey(keys, request.headers.authorization, { direction, roomId }, () =>
      rate.guessed(network),
    );
  };

  const started = (
    { streamKey }: Pick<FastifyRequest, 'streamKey'>,
    reply: FastifyReply,
    { session, answer, iceServers }: StartedStream,
  ) => {
    const { direction, room_id: roomId } = streamKey as StreamKeyRow;
    return reply
      .status(201)
      .type(SDP)
      .headers({
        location: `/${PATHS[direction]}/${encodeURIComponent(roomId)}/${session.sessionId}`,
        etag: session.etag,
        link: iceServerLinks(iceServers),
        'accept-patch': SDP_FRAGMENT,
      })
      .send(answer);
  };

  kernel.routes((app) => {
    app.register(async (scope) => {
      const routes = scope.withTypeProvider<ZodTypeProvider>();
      scope.decorateRequest('streamKey', null);
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        [SDP, SDP_FRAGMENT],
        { parseAs: 'string', bodyLimit: MAX_SDP_BYTES },
        (_request, body, done) => done(null, body),
      );
      scope.setErrorHandler((error: FastifyError, _request, reply) => refuse(codedOf(error), error, reply));
      // Players run in pages of any site; what they may do depends on the key alone.
      scope.addHook('onRequest', async (_request, reply) => {
        reply.header('access-control-allow-origin', '*');
        reply.header('access-control-expose-headers', 'location, etag, link, accept-patch, retry-after');
      });

      routes.post(
        '/whip/:roomId',
        {
          onRequest: authenticate('publish'),
          schema: {
            description:
              'Sends into a room (WHIP, RFC 9725 §4.2): takes an SDP offer with a stream key, and answers 201 with the session in Location.',
            params: roomParams,
          },
        },
        async (request, reply) => {
          const sdp = bodyOf(request, SDP);
          return started(request, reply, await streams.publish(keyOf(request), sdp, networkAt(request)));
        },
      );
      routes.post(
        '/whep/:roomId',
        {
          onRequest: authenticate('watch'),
          schema: {
            description:
              'Watches a room (WHEP, draft-ietf-wish-whep): takes an SDP offer with a stream key, and answers 201 with the session in Location.',
            params: roomParams,
            querystring: viewQuery,
          },
        },
        async (request, reply) => {
          const sdp = bodyOf(request, SDP);
          const { query } = request;
          return started(request, reply, await streams.watch(keyOf(request), sdp, networkAt(request), query));
        },
      );
      for (const direction of ['publish', 'watch'] as const) {
        const path = `/${PATHS[direction]}/:roomId`;
        const onRequest = authenticate(direction);
        routes.patch(
          `${path}/:sessionId`,
          {
            onRequest,
            schema: {
              description:
                'Tells candidates, or restarts ICE (RFC 9725 §4.3): takes an SDP fragment, and If-Match with the session’s ETag or `*`.',
              params: sessionParams,
            },
          },
          async (request, reply) => {
            const fragment = bodyOf(request, SDP_FRAGMENT);
            const session = streams.get(request.params.sessionId, keyOf(request));
            const restarted = await session.patch(request.headers['if-match'], fragment);
            reply.header('etag', session.etag);
            return restarted
              ? reply.type(SDP_FRAGMENT).send(writeIceFragment(restarted, session.taggedSection))
              : reply.status(204).send();
          },
        );
        routes.delete(
          `${path}/:sessionId`,
          {
            onRequest,
            schema: {
              description: 'Ends a session (RFC 9725 §4.2).',
              params: sessionParams,
            },
          },
          async (request, reply) => {
            streams.get(request.params.sessionId, keyOf(request)).end();
            return reply.status(200).send();
          },
        );
        registerOthers(routes, path, { 'accept-post': SDP, allow: 'POST, OPTIONS' });
        registerOthers(routes, `${path}/:sessionId`, {
          'accept-patch': SDP_FRAGMENT,
          allow: 'PATCH, DELETE, OPTIONS',
        });
      }
    });
  });

  function refuse(coded: CanopyError, error: unknown, reply: FastifyReply): FastifyReply {
    const { code, status, message, detail, retryable } = coded;
    if (code === 'INTERNAL') {
      kernel.log.error({ err: error }, 'a stream request failed with an internal error');
    }
    if (status === 401) {
      reply.header('www-authenticate', 'Bearer');
    }
    if (retryable) {
      reply.header('retry-after', String(RETRY_SECONDS));
    }
    // RFC 9457.
    const problem = { type: `urn:canopy:error:${code}`, title: message, status, code };
    return reply
      .status(status)
      .type('application/problem+json')
      .send({ ...problem, ...(detail !== undefined && { detail }) });
  }
}

const PATHS: Readonly<Record<StreamDirection, string>> = { publish: 'whip', watch: 'whep' };

/** Answers preflight requests, and refuses the methods that RFC 9725 §4.2 keeps for later. */
function registerOthers(
  app: ZodInstance,
  path: string,
  { allow, ...headers }: { allow: string; 'accept-post'?: string; 'accept-patch'?: string },
): void {
  app.options(path, { schema: { hide: true } }, (_request, reply) =>
    reply
      .status(204)
      .headers({
        ...headers,
        allow,
        'access-control-allow-methods': allow,
        'access-control-allow-headers': 'authorization, content-type, if-match',
        'access-control-max-age': '7200',
      })
      .send(),
  );
  app.route({
    method: ['GET', 'PUT'],
    url: path,
    schema: { hide: true },
    handler: (_request, reply) => {
      reply.header('allow', allow);
      throw new CanopyError('METHOD_NOT_ALLOWED');
    },
  });
}

function codedOf(error: FastifyError): CanopyError {
  return error.statusCode === 415 ? new CanopyError('CONTENT_TYPE_UNSUPPORTED') : toCoded(error);
}

function keyOf({ streamKey }: Pick<FastifyRequest, 'streamKey'>): StreamKeyRow {
  if (!streamKey) {
    throw new CanopyError('STREAM_KEY_INVALID');
  }
  return streamKey;
}

/** The body, which must be of this type. @throws {CanopyError} CONTENT_TYPE_UNSUPPORTED, SDP_INVALID */
function bodyOf({ headers, body }: Pick<FastifyRequest, 'headers' | 'body'>, type: string): string {
  const [given = ''] = (headers['content-type'] ?? '').split(';');
  if (given.trim().toLowerCase() !== type) {
    throw new CanopyError('CONTENT_TYPE_UNSUPPORTED');
  }
  if (typeof body !== 'string' || body === '') {
    throw new CanopyError('SDP_INVALID', 'the body is empty');
  }
  return body;
}
