import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { CanopyError } from '../../../base/index.ts';
import type { TargetGuard } from './target-guard.ts';

/** How long a target may take to answer, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** How much of an answer is read, in bytes; nothing in it is used. */
const MAX_ANSWER_BYTES = 65_536;

export interface Message {
  url: string;
  /** Besides its length and who sends it. */
  headers: Record<string, string>;
  body: string | Buffer;
}

/** How an attempt went. */
export interface Attempt {
  /** HTTP status of the answer; undefined: there was none. */
  status?: number;
  /** Why it failed; undefined: it did not. */
  error?: string;
  /** In milliseconds. */
  tookMs: number;
}

/** Sends messages to where others asked for them: to permitted targets, without following redirects, and with limits on time and size. */
export class Sender {
  readonly #guard: TargetGuard;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();

  constructor(guard: TargetGuard, { timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {}) {
    this.#guard = guard;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a message once. Never rejects. */
  async send(message: Message): Promise<Attempt> {
    const startedMs = performance.now();
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const took = () => ({ tookMs: Math.round(performance.now() - startedMs) });
    try {
      const status = await this.#request(message, timeout);
      return {
        status,
        ...(!(status >= 200 && status < 300) && {
          error: status >= 300 && status < 400 ? 'redirects are not followed' : 'the target refused it',
        }),
        ...took(),
      };
    } catch (error) {
      const isLate = timeout.aborted && !this.#closing.signal.aborted;
      return { error: isLate ? `no answer within ${this.#timeoutMs / 1000} s` : textOf(error), ...took() };
    }
  }

  /** Ends attempts in progress. */
  close(): void {
    this.#closing.abort();
  }

  async #request({ url, headers, body }: Message, timeout: AbortSignal): Promise<number> {
    const target = this.#guard.checkUrl(url);
    const signal = AbortSignal.any([this.#closing.signal, timeout]);
    const options = {
      method: 'POST',
      // A connection of its own for each message: a kept one would not be judged again.
      agent: false,
      lookup: this.#guard.lookup,
      signal,
      headers: {
        ...headers,
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Canopy',
      },
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request: ClientRequest = (target.protocol === 'https:' ? requestSecure : requestPlain)(
        target,
        options,
        resolve,
      );
      request.on('error', reject);
      // Node otherwise drops the connection without a word (RFC 9110, section 15.2.2).
      request.once('upgrade', (_response, socket) => {
        socket.destroy();
        reject(new Error('the target wants another protocol'));
      });
      request.once('close', () => reject(new Error('the target gave no answer')));
      request.once('socket', (socket) =>
        socket.once('connect', () => {
          if (!this.#guard.mayConnect(socket.remoteAddress ?? '')) {
            request.destroy(new CanopyError('TARGET_REFUSED', `${socket.remoteAddress}`));
          }
        }),
      );
      request.end(body);
    });
    let bytes = 0;
    try {
      for await (const chunk of response) {
        bytes += (chunk as Buffer).byteLength;
        if (bytes > MAX_ANSWER_BYTES) {
          break;
        }
      }
    } finally {
      response.destroy();
    }
    return response.statusCode ?? 0;
  }
}

function textOf(error: unknown): string {
  if (error instanceof CanopyError) {
    return error.detail ?? error.message;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? message : `${code}: ${message}`).slice(0, 200);
}
