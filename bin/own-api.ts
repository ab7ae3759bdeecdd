import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { rootCertificates } from 'node:tls';
import {
  CanopyError,
  type Config,
  describeFileError,
  type ErrorBody,
  type ErrorCode,
} from '../base/index.ts';
import { ownServerUrl, rememberedServer, requireDataDir } from '../signaling/index.ts';

/** How long the server may take to answer, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** The REST API of the server that runs on a data folder, with the key of that folder. */
export class OwnApi {
  readonly #dataDir: string;
  readonly #url: string;

  /**
   * @param url default: the address recorded in the data folder, else the configured one
   * @throws {CanopyError} CONFIG_INVALID - no server has run on the folder
   */
  constructor(config: Config, url?: string) {
    requireDataDir(config.data.dir, config.store.url);
    this.#dataDir = config.data.dir;
    this.#url = url ?? rememberedServer(config)?.localUrl ?? ownServerUrl(config);
  }

  /** @throws {CanopyError} CONNECTION_LOST - no server answers; API_KEY_INVALID - the key cannot be read; the server's errors */
  async call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const key = await this.#file('api.key', 'API_KEY_INVALID');
    const { status, text: answered } = await this.#send(method, path, key.trim(), body);
    const answer = answerOf(answered);
    if (answer === undefined) {
      throw new CanopyError(
        'CONNECTION_LOST',
        `${this.#url}: this is not a Canopy server (status ${status})`,
      );
    }
    if (status !== 200 && answer.error) {
      throw CanopyError.fromBody(answer.error);
    }
    return answer;
  }

  async #send(
    method: string,
    path: string,
    key: string,
    body: unknown,
  ): Promise<{ status: number | undefined; text: string }> {
    let url: URL;
    try {
      url = new URL(path, this.#url);
    } catch (cause) {
      throw new CanopyError('CONFIG_INVALID', `--url ${this.#url}`, { cause });
    }
    const secure = url.protocol === 'https:';
    const options = {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // The deployment CA issues the certificate of the built-in HTTPS.
      ...(secure && { ca: [...rootCertificates, await this.#file('ca.pem', 'CA_UNUSABLE')] }),
    };
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        (secure ? requestSecure : requestPlain)(url, options, resolve)
          .once('error', reject)
          .end(body === undefined ? undefined : JSON.stringify(body));
      });
      return { status: response.statusCode, text: await text(response) };
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      throw new CanopyError(
        'CONNECTION_LOST',
        `${this.#url}: ${code ?? message}. Is the server running? Pass its flags to this command, or its address with --url.`,
        { cause },
      );
    }
  }

  async #file(name: string, code: ErrorCode): Promise<string> {
    const file = join(this.#dataDir, name);
    return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new CanopyError(code, describeFileError(file, cause), { cause });
    });
  }
}

type AnyAnswer = { error?: ErrorBody };

function answerOf(body: string): AnyAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === 'object' && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}
