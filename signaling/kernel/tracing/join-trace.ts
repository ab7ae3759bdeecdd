import { type Context, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { ErrorCode } from '../../../base/index.ts';
import type { RequestName } from '../../../contract/index.ts';
import type { JoinStage } from '../metrics/index.ts';

/** Whose join it is, as far as it is known. Spans have nothing else about people. */
export type JoinIds = Partial<
  Record<'connection' | 'account' | 'device' | 'room' | 'peer', string | undefined>
>;

/** How long after a join its media may take to start, in milliseconds. The trace then ends with what was reached. */
const MEDIA_MS = 30_000;

/** The span that ends with a stage. Other stages are events of the whole. */
const SPANS: Partial<Record<JoinStage, string>> = {
  authenticated: 'proof',
  joined: 'join',
  transport_created: 'transports',
  ice_connected: 'ice',
  media_connected: 'dtls',
  first_rtp: 'first_rtp',
};
/** The span that a request belongs to. */
const REQUESTS: Partial<Record<RequestName, string>> = {
  'auth.prove': 'proof',
  'room.join': 'join',
  'transport.create': 'transports',
  'transport.connect': 'dtls',
};

/**
 * The trace of one connection, from its WebSocket to the first media packet of its first join. Each stage is a span that begins where the one
 * before it ended, except that `proof` and `join` begin with their request: people may look at a page for a while before they join.
 */
export class JoinTrace {
  readonly #tracer: Tracer;
  readonly #root: Span;
  readonly #context: Context;
  /** Unix time at which the monotonic clock was 0, in milliseconds: `performance.timeOrigin` drifts from the clock over weeks. */
  readonly #epochMs = Date.now() - performance.now();
  /** When the current stage began, in milliseconds of Unix time, and its end so far. */
  #sinceMs: number;
  #challenged = false;
  /** Why a stage failed, unless it succeeded afterwards, as after a wrong PIN. */
  #failure: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param parent the client's trace context */
  constructor(tracer: Tracer, parent: Context, openedAtMs: number) {
    this.#tracer = tracer;
    this.#sinceMs = this.#epochMs + openedAtMs;
    this.#root = tracer.startSpan('canopy.join', { startTime: this.#sinceMs }, parent);
    this.#context = trace.setSpan(parent, this.#root);
    this.#span('connect');
  }

  /** The client has sent a request. */
  requested(name: RequestName): void {
    if (name === 'auth.prove' && !this.#challenged) {
      this.#challenged = true;
      this.#span('challenge');
    } else if (name === 'room.join') {
      this.#sinceMs = this.#nowMs();
    }
  }

  /** A request was refused. */
  failed(name: RequestName, code: ErrorCode | string): void {
    const span = REQUESTS[name];
    if (span !== undefined && !this.#ended) {
      this.#span(span, code);
      this.#failure = code;
    }
  }

  reached(stage: JoinStage, ids: JoinIds): void {
    if (this.#ended) {
      return;
    }
    for (const [what, id] of Object.entries(ids)) {
      if (id !== undefined) {
        this.#root.setAttribute(`canopy.${what}.id`, id);
      }
    }
    if (stage === 'joined') {
      this.#timer = setTimeout(() => this.end(), MEDIA_MS).unref();
    }
    const span = SPANS[stage];
    if (span === undefined) {
      this.#root.addEvent(stage, this.#nowMs());
      return;
    }
    this.#span(span);
    this.#failure = undefined;
    if (stage === 'first_rtp') {
      this.end();
    }
  }

  /** Ends with what was reached. Idempotent. */
  end(): void {
    if (!this.#ended) {
      this.#ended = true;
      clearTimeout(this.#timer);
      if (this.#failure !== undefined) {
        setFailed(this.#root, this.#failure);
      }
      this.#root.end(this.#sinceMs);
    }
  }

  /** A span from the end of the stage before it until now. @param code why the stage failed */
  #span(name: string, code?: string): void {
    if (this.#ended) {
      return;
    }
    const span = this.#tracer.startSpan(`canopy.join.${name}`, { startTime: this.#sinceMs }, this.#context);
    if (code !== undefined) {
      setFailed(span, code);
    }
    this.#sinceMs = this.#nowMs();
    span.end(this.#sinceMs);
  }

  #nowMs(): number {
    return this.#epochMs + performance.now();
  }
}

function setFailed(span: Span, code: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
  span.setAttribute('error.type', code);
}
