import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ByteRange, byteRange } from './byte-range.ts';

/** A reader that takes nothing for this long is dropped, in milliseconds. */
const STALLED_MS = 30_000;

/** Stored bytes that a browser may show, save or seek in. */
export interface SentBytes {
  size: number;
  /** Media type; undefined: unknown, so that browsers only save it. */
  type: string | undefined;
  /** The name to save it under. */
  name: string;
  /** Whether browsers save it although they could show it. */
  isDownload?: boolean;
  /** @throws {CanopyError} before anything is sent */
  read(range: ByteRange): Readable | Promise<Readable>;
}

/** Answers a request with bytes, or the range of them that it asks for, so that no page can mistake them for one of its own. */
export async function sendBytes(
  { headers, raw }: Pick<FastifyRequest, 'headers' | 'raw'>,
  reply: FastifyReply,
  { size, type, name, isDownload, read }: SentBytes,
): Promise<FastifyReply> {
  const range = byteRange(headers.range, size);
  reply.header('accept-ranges', 'bytes');
  if (range === 'unsatisfiable') {
    return reply.header('content-range', `bytes */${size}`).status(416).send();
  }
  const { from, to } = range ?? { from: 0, to: size };
  // An answer with an error has none of the headers.
  const bytes = await read({ from, to });
  reply.headers({
    'content-type': type ?? 'application/octet-stream',
    'content-disposition': disposition(type === undefined || isDownload ? 'attachment' : 'inline', name),
    'content-length': to - from,
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    'cache-control': 'private, no-store',
    ...(range && { 'content-range': `bytes ${from}-${to - 1}/${size}` }),
  });
  // The HTTP server then closes the connection.
  raw.socket.setTimeout(STALLED_MS);
  return reply.status(range ? 206 : 200).send(bytes);
}

/** The header (RFC 6266), with a plain name for old clients and the exact one (RFC 8187). */
function disposition(kind: 'attachment' | 'inline', name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const exact = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `${kind}; filename="${plain}"; filename*=UTF-8''${exact}`;
}
