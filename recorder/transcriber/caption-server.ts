import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Logger } from '../../base/index.ts';
import { endWhenSilent, SAMPLE_RATE } from '../captions/index.ts';
import type { Recogniser } from './recogniser.ts';

export interface CaptionServerOptions {
  recogniser: Recogniser;
  host: string;
  /** 0: a free one. */
  port: number;
  /** Bearer token that requests must have. */
  secret: string | undefined;
  /** How many voices are recognised at the same time; more are refused. */
  maxVoices: number;
  log: Logger;
  /** Interval at which the sender of a voice has to show a sign of life, in milliseconds. */
  pingMs?: number;
}

/** A second of samples. */
const MAX_MESSAGE_BYTES = 2 * SAMPLE_RATE;
/** Close codes of RFC 6455: a message that the protocol does not have, and "try again later" (IANA registry). */
const PROTOCOL_ERROR = 1002;
const TRY_AGAIN_LATER = 1013;

const message = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('start'),
    format: z.object({
      encoding: z.literal('pcm_s16le'),
      sampleRate: z.literal(SAMPLE_RATE),
      channels: z.literal(1),
    }),
  }),
  z.object({ type: z.literal('end') }),
]);

/** The service end of docs/captions.md: a WebSocket for each voice. */
export class CaptionServer {
  readonly #server: WebSocketServer;
  readonly #options: CaptionServerOptions;

  private constructor(server: WebSocketServer, options: CaptionServerOptions) {
    this.#server = server;
    this.#options = options;
    server.on('connection', (socket) => this.#connected(socket));
    server.on('error', (error) => options.log.error({ err: error }, 'the caption server failed'));
  }

  static async start(options: CaptionServerOptions): Promise<CaptionServer> {
    const { host, port, secret } = options;
    const server = new WebSocketServer({
      host,
      port,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      verifyClient: ({ req }, done) => {
        const isAllowed = secret === undefined || isSame(req.headers.authorization ?? '', `Bearer ${secret}`);
        done(isAllowed, 401);
      },
    });
    await once(server, 'listening');
    return new CaptionServer(server, options);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#server.clients) {
      socket.terminate();
    }
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #connected(socket: WebSocket): void {
    const { recogniser, maxVoices, log, pingMs } = this.#options;
    socket.on('error', (error) => log.debug({ err: error }, 'a voice was cut'));
    if (this.#server.clients.size > maxVoices) {
      socket.close(TRY_AGAIN_LATER);
      return;
    }
    endWhenSilent(socket, pingMs);
    const voice = recogniser.stream((heard) => socket.send(JSON.stringify({ type: 'caption', ...heard })));
    let hasStarted = false;
    socket.on('message', (data: Buffer, isBinary) => {
      // What was sent before the other side has closed still comes.
      if (socket.readyState !== WebSocket.OPEN) {
        return;
      }
      if (isBinary && hasStarted && data.length % 2 === 0) {
        voice.take(
          Float32Array.from({ length: data.length / 2 }, (_, n) => data.readInt16LE(2 * n) / 32_768),
        );
        return;
      }
      const type = isBinary ? undefined : typeOf(String(data));
      if (type === 'start' && !hasStarted) {
        hasStarted = true;
      } else if (type === 'end') {
        voice.end();
        socket.close();
      } else {
        socket.close(PROTOCOL_ERROR);
      }
    });
  }
}

function typeOf(text: string): 'start' | 'end' | undefined {
  try {
    return message.safeParse(JSON.parse(text)).data?.type;
  } catch {
    return undefined;
  }
}

/** Compares secrets in constant time. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
