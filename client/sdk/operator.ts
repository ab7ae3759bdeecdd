import type { OperatorAnswer, OperatorRoute } from '../../contract/index.ts';
import {
  CanopyError,
  type ErrorBody,
  type PathValues,
  type QueryValues,
  requestTo,
} from '../../contract/light.ts';
import type { Connection } from './connection.ts';

/** What a request to the operator's API has besides its route. */
export interface OperatorRequest {
  /** Values for the parameters in the path. */
  params?: PathValues;
  query?: QueryValues;
  body?: unknown;
}

/** How long the server may take to answer, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** The operator's REST API, for an administrator who is signed in. */
export class Operator {
  readonly #connection: Connection;
  #key: Promise<string> | undefined;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
    // The key ends with the connection that it was made for.
    connection.on('state', () => {
      this.#key = undefined;
    });
  }

  /**
   * Calls a route, by its method and path as in `/api/docs`, e.g. `GET /api/rooms/:roomId/allocation`.
   *
   * @throws {CanopyError} FORBIDDEN - the account is no administrator, or the operator has switched this off; SCOPE_MISSING; CONNECTION_LOST;
   * and the errors of the route
   */
  async call<R extends OperatorRoute>(
    route: R,
    { body, ...where }: OperatorRequest = {},
  ): Promise<OperatorAnswer<R>> {
    const { method, path } = requestTo(route, where);
    const url = new URL(path, this.#connection.origin);
    const key = await this.#currentKey();
    try {
      return (await send(method, url, key, body)) as OperatorAnswer<R>;
    } catch (error) {
      if (CanopyError.from(error).code !== 'API_KEY_INVALID') {
        throw error;
      }
    }
    // The connection was lost without a sign of it here. The request was not handled.
    this.#key = undefined;
    return (await send(method, url, await this.#currentKey(), body)) as OperatorAnswer<R>;
  }

  #currentKey(): Promise<string> {
    this.#key ??= this.#connection.request('console.open', {}).then(
      ({ key }) => key,
      (error) => {
        this.#key = undefined;
        throw error;
      },
    );
    return this.#key;
  }
}

async function send(method: string, url: URL, key: string, body: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (cause) {
    throw new CanopyError('CONNECTION_LOST', undefined, { cause });
  }
  const answer = (await response.json().catch(() => ({}))) as { error?: ErrorBody };
  if (!response.ok) {
    throw answer.error
      ? CanopyError.fromBody(answer.error)
      : new CanopyError('CONNECTION_LOST', `status ${response.status}`);
  }
  return answer;
}
