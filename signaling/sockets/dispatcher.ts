import { CanopyError, type Logger } from '../../base/index.ts';
import type { NestedBudget } from '../budgets/index.ts';
import {
  type Answer,
  PROTOCOL_VERSION,
  REQUESTS,
  type RequestData,
  type RequestName,
  type RequestResult,
  requestEnvelope,
} from '../protocol/index.ts';
import { AnswerCache } from './answer-cache.ts';
import type { Session } from './session.ts';

export type Handler<N extends RequestName> = (
  session: Session,
  data: RequestData<N>,
) => Promise<RequestResult<N>>;
export type Handlers = { [N in RequestName]: Handler<N> };

/** What happens to requests, for metrics. */
export interface DispatchObserver {
  requested(name: RequestName, seconds: number): void;
  failed(code: string): void;
}

/** Requests about the connection they arrive on: a retry must run again on the new connection. */
const PER_CONNECTION: ReadonlySet<RequestName> = new Set([
  'auth.prove',
  'session.ping',
  'room.join',
  'gateway.register',
]);

type AnyAnswer = Answer<unknown>;

/**
 * Validates requests, runs their handlers and answers; never rejects. A request id that a device used before gets the first answer
 * again, so that a retry after a reconnect is harmless.
 */
export class Dispatcher {
  readonly #handlers: Handlers;
  readonly #observer: DispatchObserver;
  readonly #answers: AnswerCache;

  /** @param answerBytes budget for cached answers */
  constructor(handlers: Handlers, observer: DispatchObserver, answerBytes: NestedBudget) {
    this.#handlers = handlers;
    this.#observer = observer;
    this.#answers = new AnswerCache(answerBytes);
  }

  async dispatch(session: Session, name: RequestName, envelope: unknown): Promise<AnyAnswer> {
    const parsed = requestEnvelope.safeParse(envelope);
    if (!parsed.success) {
      return this.#failure(new CanopyError('BAD_REQUEST', 'expected {id, data}'), session.log, name);
    }
    const { id, data } = parsed.data;
    if (!session.principal && name !== 'auth.prove') {
      return this.#failure(new CanopyError('AUTH_REQUIRED'), session.log, name);
    }
    if (!session.principal || PER_CONNECTION.has(name)) {
      return this.#run(session, name, data);
    }
    const { deviceId } = session.principal.device;
    const key = `${name} ${id}`;
    const earlier = this.#answers.find(deviceId, key);
    if (earlier) {
      return earlier;
    }
    const answer = this.#run(session, name, data);
    void this.#answers.keep({ ...session.holder, device: deviceId }, key, answer);
    return answer;
  }

  async #run<N extends RequestName>(session: Session, name: N, data: unknown): Promise<AnyAnswer> {
    const started = performance.now();
    try {
      const valid = REQUESTS[name].data.safeParse(data ?? {});
      if (!valid.success) {
        const version = otherVersion(data);
        if (name === 'auth.prove' && version !== undefined) {
          throw new CanopyError(
            'PROTOCOL_UNSUPPORTED',
            `the server speaks version ${PROTOCOL_VERSION}, the client ${version}`,
          );
        }
        const issue = valid.error.issues[0];
        throw new CanopyError('BAD_REQUEST', `${issue?.path.join('.') || 'data'}: ${issue?.message}`);
      }
      const result = await this.#handlers[name](session, valid.data as RequestData<N>);
      return { ok: true, result };
    } catch (error) {
      return this.#failure(CanopyError.from(error), session.log, name);
    } finally {
      this.#observer.requested(name, (performance.now() - started) / 1000);
    }
  }

  #failure(error: CanopyError, log: Logger, request: RequestName): AnyAnswer {
    this.#observer.failed(error.code);
    if (error.code === 'INTERNAL') {
      log.error({ err: error.cause ?? error, request }, 'a request failed inside the server');
    } else {
      log.debug({ request, code: error.code, detail: error.detail }, 'request refused');
    }
    return { ok: false, error: error.toJSON() };
  }
}

/** The protocol version that a client states, if it is another one: then its other fields may differ too. */
function otherVersion(data: unknown): number | undefined {
  const { protocolVersion } = (data ?? {}) as { protocolVersion?: unknown };
  return typeof protocolVersion === 'number' && protocolVersion !== PROTOCOL_VERSION
    ? protocolVersion
    : undefined;
}
