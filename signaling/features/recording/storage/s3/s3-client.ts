import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { AwsV4Signer } from 'aws4fetch';
import { S3Error } from './s3-error.ts';
import { encoded, type S3Location, urlOf } from './s3-location.ts';
import { xmlTexts } from './xml.ts';

/** How long connecting may take, in milliseconds. */
const CONNECT_MS = 10_000;
/** How long a connection may be silent, in milliseconds. People wait for what is read; large uploads take a while to be put together. */
const IDLE_MS = { reading: 30_000, writing: 120_000 };
/** How much of an answer that is not an object is read, in bytes. */
const MAX_ANSWER_BYTES = 4 * 1024 ** 2;

/** SHA-256 of nothing, in hex. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface S3Body {
  /** In bytes. */
  size: number;
  /** SHA-256 in hex. It is signed, so the storage refuses anything else. */
  sha256: string;
  type?: string;
  /** The bytes, for each attempt once more. */
  read(): Readable;
}

export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Name of the object; undefined: the request is about the bucket. */
  key?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: S3Body;
  signal?: AbortSignal | undefined;
}

/** Sends signed requests to an S3 storage. Redirects are not followed: a signature is for one host. */
export class S3Client {
  readonly location: S3Location;
  readonly #agent: Agent;

  constructor(location: S3Location) {
    this.location = location;
    const { origin, ca } = location;
    this.#agent = origin.startsWith('https:')
      ? new SecureAgent({ keepAlive: true, ca })
      : new Agent({ keepAlive: true });
  }

  /** Closes connections that are not in use. */
  close(): void {
    this.#agent.destroy();
  }

  /** @returns the answer, whose body is to be read or destroyed @throws {S3Error} it was refused, or there is no answer */
  async send(request: S3Request): Promise<IncomingMessage> {
    const response = await this.#attempt(request);
    const { statusCode: status = 0 } = response;
    if (status >= 200 && status < 300) {
      return response;
    }
    const xml = await textOf(response).catch(() => '');
    const [code = `HTTP ${status}`] = xmlTexts(xml, 'Code');
    const [message = ''] = xmlTexts(xml, 'Message');
    throw new S3Error(code, message, { status });
  }

  /** The answer's body as a text. @throws {S3Error} also if it describes an error, as the answer to a long request may */
  async ask(request: S3Request): Promise<{ headers: IncomingMessage['headers']; xml: string }> {
    const response = await this.send(request);
    const xml = await textOf(response).catch((cause: unknown) => {
      throw networkError(cause);
    });
    const [code] = xml.includes('<Error>') ? xmlTexts(xml, 'Code') : [];
    if (code !== undefined) {
      throw new S3Error(code, xmlTexts(xml, 'Message')[0] ?? '', { status: 500 });
    }
    return { headers: response.headers, xml };
  }

  async #attempt(request: S3Request): Promise<IncomingMessage> {
    const url = urlOf(this.location, request.key);
    url.search = Object.entries(request.query ?? {})
      .map((pair) => pair.map(encoded).join('='))
      .join('&');
    const headers = await signedHeaders(this.location, url, request);
    for (;;) {
      const { response, isStale } = await this.#once(url, headers, request);
      if (response) {
        return response;
      }
      // The storage has closed a kept connection just as it was used again.
      if (!isStale) {
        throw new S3Error('ECONNRESET', 'the storage closed the connection');
      }
    }
  }

  #once(
    url: URL,
    headers: OutgoingHttpHeaders,
    { method, body, signal }: S3Request,
  ): Promise<{ response?: IncomingMessage; isStale?: boolean }> {
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? requestSecure : requestPlain;
      const request = send(url, { method, headers, agent: this.#agent, ...(signal && { signal }) });
      request.once('response', (response) => resolve({ response }));
      /** Why the bytes to send could not be read. */
      let unread: Error | undefined;
      // After the answer, its stream has the error.
      request.on('error', (error: NodeJS.ErrnoException) => {
        // What a storage begins for a POST would be begun twice.
        const isStale =
          method !== 'POST' && request.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(error.code ?? '');
        if (unread === undefined && isStale) {
          resolve({ isStale });
        } else {
          reject(unread ?? networkError(error));
        }
      });
      request.once('close', () => resolve({}));
      const isReading = method === 'GET' || method === 'HEAD';
      request.setTimeout(isReading ? IDLE_MS.reading : IDLE_MS.writing, () =>
        request.destroy(timedOut('it does not answer')),
      );
      request.once('socket', (socket) => {
        if (socket.connecting) {
          const timer = setTimeout(
            () => request.destroy(timedOut('it does not accept connections')),
            CONNECT_MS,
          );
          socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(timer));
          request.once('close', () => clearTimeout(timer));
        }
      });
      if (!body) {
        request.end();
        return;
      }
      const source = body.read();
      source.once('error', (error) => {
        unread = error;
        request.destroy(error);
      });
      request.once('close', () => source.destroy());
      source.pipe(request);
    });
  }
}

/** The headers of a request, with its signature (AWS Signature Version 4). @param datetime when it is made, e.g. `20130524T000000Z` */
export async function signedHeaders(
  { accessKeyId, secretAccessKey, region }: S3Location,
  url: URL,
  { method, headers, body }: S3Request,
  datetime?: string,
): Promise<OutgoingHttpHeaders> {
  const signer = new AwsV4Signer({
    ...{ method, url: url.href, accessKeyId, secretAccessKey, region, service: 's3' },
    ...(datetime !== undefined && { datetime }),
    headers: { ...headers, 'x-amz-content-sha256': body?.sha256 ?? EMPTY_SHA256 },
  });
  const { headers: signed } = await signer.sign();
  return {
    ...Object.fromEntries(signed.entries()),
    ...(body && { 'content-length': body.size, 'content-type': body.type ?? 'application/octet-stream' }),
    'user-agent': 'Canopy',
  };
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).byteLength;
    if (bytes > MAX_ANSWER_BYTES) {
      break;
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
}

/** A failure of the network. An end on purpose stays as it is. */
export function networkError(error: unknown): unknown {
  const { code, message, name } = error as NodeJS.ErrnoException;
  if (error instanceof S3Error || name === 'AbortError') {
    return error;
  }
  return new S3Error(code ?? 'ECONNRESET', message, { cause: error });
}
