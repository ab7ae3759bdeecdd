import { CanopyError } from '../../../base/index.ts';
import {
  type Answer,
  PROTOCOL_VERSION,
  type RequestData,
  type RequestName,
  type RequestResult,
  type RequestSchema,
  requestEnvelope,
} from '../../../contract/index.ts';
import { factorOf, type NestedBudget } from '../budgets/index.ts';
import { AnswerCache } from './answer-cache.ts';
import { Effort } from './effort.ts';
import type { Session } from './session.ts';

export type Handler<N extends RequestName> = (
  session: Session,
  data: RequestData<N>,
) => Promise<RequestResult<N>>;
/** A handler for each of these requests. */
export type Handlers<N extends RequestName> = { [Name in N]: Handler<Name> };

/** Observes requests, for metrics. */
export interface DispatchObserver {
  requested(name: RequestName, seconds: number): void;
  failed(code: string): void;
}

export interface RequestOptions<N extends RequestName> {
  /** Requests that concern their connection: a retry must run again on the new one. */
  perConnection?: readonly N[];
  /** Requests allowed before authentication. Their handlers limit how much strangers may ask. */
  anonymous?: readonly N[];
  /** Requests that administer the server or moderate others. Each is recorded in the audit log, with its outcome. */
  audited?: readonly N[];
}

/** Called with an audited request; what it returns is called with the outcome: `ok` and the result, or the error's code. */
export type Auditor = (
  session: Session,
  name: RequestName,
  data: unknown,
) => (outcome: string, result?: unknown) => void;

interface Registered {
  data: RequestSchema['data'];
  handle(session: Session, data: unknown): Promise<unknown>;
  perConnection: boolean;
  anonymous: boolean;
  audited: boolean;
}

type AnyAnswer = Answer<unknown>;

/**
 * Validates requests, runs their handlers and answers; never rejects. A repeated request id of a device gets the first answer again, so that
 * requests are idempotent when retried after a reconnect.
 */
export class Dispatcher {
  readonly #requests = new Map<string, Registered>();
  readonly #observer: DispatchObserver;
  readonly #answers: AnswerCache;
  readonly #audit: Auditor;
  /** Time that goes into checking requests, before their handlers can limit anything. */
  readonly #effort: Effort;

  /**
   * @param answerBytes budget for cached answers
   * @param audit default: nothing is recorded
   */
  constructor(
    observer: DispatchObserver,
    answerBytes: NestedBudget,
    audit: Auditor = () => () => undefined,
    effort = new Effort(),
  ) {
    this.#effort = effort;
    this.#observer = observer;
    this.#audit = audit;
    this.#answers = new AnswerCache(answerBytes);
  }

  /** Adds requests with their handlers. */
  register<S extends Record<string, RequestSchema>>(
    schemas: S,
    handlers: Handlers<keyof S & RequestName>,
    { perConnection = [], anonymous = [], audited = [] }: RequestOptions<keyof S & RequestName> = {},
  ): void {
    for (const [name, handle] of Object.entries(handlers)) {
      const { data } = schemas[name] as RequestSchema;
      this.#requests.set(name, {
        data,
        handle: handle as Registered['handle'],
        perConnection: (perConnection as readonly string[]).includes(name),
        anonymous: (anonymous as readonly string[]).includes(name),
        audited: (audited as readonly string[]).includes(name),
      });
    }
  }

  has(name: string): name is RequestName {
    return this.#requests.has(name);
  }

  async dispatch(session: Session, name: RequestName, envelope: unknown): Promise<AnyAnswer> {
    const request = this.#requests.get(name);
    if (!request) {
      return this.#failure(new CanopyError('UNKNOWN_REQUEST'), session, name);
    }
    const parsed = requestEnvelope.safeParse(envelope);
    if (!parsed.success) {
      return this.#failure(new CanopyError('BAD_REQUEST', 'expected {id, data}'), session, name);
    }
    const { id, data } = parsed.data;
    if (!session.principal && !request.anonymous && name !== 'auth.prove') {
      return this.#failure(new CanopyError('AUTH_REQUIRED'), session, name);
    }
    if (!session.principal || request.perConnection) {
      return this.#run(session, name, request, data);
    }
    const { deviceId } = session.principal.device;
    const key = `${name} ${id}`;
    const earlier = this.#answers.find(deviceId, key);
    if (earlier) {
      return earlier;
    }
    const answer = this.#run(session, name, request, data);
    void this.#answers.keep({ ...session.holder, device: deviceId }, key, answer);
    return answer;
  }

  async #run(session: Session, name: RequestName, request: Registered, data: unknown): Promise<AnyAnswer> {
    const started = performance.now();
    session.trace?.requested(name);
    try {
      const valid = this.#check(session, request, data);
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
      const result = request.audited
        ? await this.#audited(session, name, request, valid.data)
        : await request.handle(session, valid.data);
      return { ok: true, result };
    } catch (error) {
      return this.#failure(CanopyError.from(error), session, name);
    } finally {
      this.#observer.requested(name, (performance.now() - started) / 1000);
    }
  }

  /** @throws {CanopyError} RATE_LIMITED */
  #check({ holder, principal }: Session, request: Registered, data: unknown) {
    if (!this.#effort.allows(holder, principal ? factorOf(principal) : 1)) {
      throw new CanopyError('RATE_LIMITED', 'the requests take too much time');
    }
    return this.#effort.measure(holder, () => request.data.safeParse(data ?? {}));
  }

  async #audited(session: Session, name: RequestName, request: Registered, data: unknown): Promise<unknown> {
    const ended = this.#audit(session, name, data);
    try {
      const result = await request.handle(session, data);
      ended('ok', result);
      return result;
    } catch (error) {
      ended(CanopyError.from(error).code);
      throw error;
    }
  }

  #failure(error: CanopyError, { log, trace }: Session, request: RequestName): AnyAnswer {
    this.#observer.failed(error.code);
    trace?.failed(request, error.code);
    if (error.code === 'INTERNAL') {
      log.error({ err: error.cause ?? error, request }, 'request failed with an internal error');
    } else {
      log.debug({ request, code: error.code, detail: error.detail }, 'request refused');
    }
    return { ok: false, error: error.toJSON() };
  }
}

/** The client's protocol version if it differs from ours, in which case other fields may differ too. */
function otherVersion(data: unknown): number | undefined {
  const { protocolVersion } = (data ?? {}) as { protocolVersion?: unknown };
  return typeof protocolVersion === 'number' && protocolVersion !== PROTOCOL_VERSION
    ? protocolVersion
    : undefined;
}
