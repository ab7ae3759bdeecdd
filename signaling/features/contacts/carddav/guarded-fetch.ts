import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { CanopyError } from '../../../../base/index.ts';
import type { TargetGuard } from '../../../kernel/index.ts';

/** How long a request may take, in milliseconds: a server may read all cards to tell the version of the address book. */
const TIMEOUT_MS = 120_000;
/** Maximum size of an answer, in bytes: ten thousand entries of a list are about four million. */
const MAX_ANSWER_BYTES = 33_554_432;

/**
 * fetch() for a server that a person named: to permitted addresses only, without following redirects, with limits on time and size. The
 * credentials go to the origin of `home` only.
 */
export function guardedFetch(guard: TargetGuard, home: URL, closing: AbortSignal): typeof fetch {
  return async (input, init = {}) => {
    const target = guard.checkUrl(String(input instanceof Request ? input.url : input));
    const headers = new Headers(init.headers);
    if (target.origin !== home.origin) {
      headers.delete('authorization');
    }
    const body = typeof init.body === 'string' ? Buffer.from(init.body) : undefined;
    headers.set('user-agent', 'Canopy');
    headers.set('content-length', String(body?.length ?? 0));
    const options = {
      method: init.method ?? 'GET',
      // A connection of its own for each request: a kept one would not be judged again.
      agent: false,
      lookup: guard.lookup,
      signal: AbortSignal.any([closing, AbortSignal.timeout(TIMEOUT_MS)]),
      headers: Object.fromEntries(headers),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = (target.protocol === 'https:' ? requestSecure : requestPlain)(target, options, resolve);
      request.on('error', reject);
      request.once('upgrade', (_response, socket) => {
        socket.destroy();
        reject(new Error('the server wants another protocol'));
      });
      request.once('socket', (socket) =>
        socket.once('connect', () => {
          if (!guard.mayConnect(socket.remoteAddress ?? '')) {
            request.destroy(new CanopyError('TARGET_REFUSED', `${socket.remoteAddress}`));
          }
        }),
      );
      request.end(body);
    });
    return toResponse(response);
  };
}

async function toResponse(message: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of message) {
      bytes += (chunk as Buffer).byteLength;
      if (bytes > MAX_ANSWER_BYTES) {
        throw new CanopyError(
          'ADDRESS_BOOK_UNREACHABLE',
          `an answer has more than ${MAX_ANSWER_BYTES} bytes`,
        );
      }
      chunks.push(chunk as Buffer);
    }
  } finally {
    message.destroy();
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    headers.set(name, Array.isArray(value) ? value.join(', ') : (value ?? ''));
  }
  const status = message.statusCode ?? 502;
  const isEmpty = status === 204 || status === 304;
  return new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers });
}
