import { randomUUID } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';
import type { TracedMessage } from '../../../contract/index.ts';

/** How long the gateway may take, in milliseconds. */
const PATIENCE_MS = 10_000;
/** Maximum number of messages in a trace, and of traces at a time. */
const MAX_MESSAGES = 500;
const MAX_PENDING = 20;

interface Pending {
  readonly messages: TracedMessage[];
  readonly settled: PromiseWithResolvers<TracedMessage[]>;
}

/** Traces of calls that the gateway was asked for. */
export class TraceRequests {
  readonly #pending = new Map<string, Pending>();

  /**
   * Asks for a trace; `send` passes the request to the gateway.
   *
   * @throws {CanopyError} GATEWAY_MISSING - it does not answer; SERVER_BUSY - too many traces are under way
   */
  async request(send: (traceId: string) => void): Promise<TracedMessage[]> {
    if (this.#pending.size >= MAX_PENDING) {
      throw new CanopyError('SERVER_BUSY');
    }
    const traceId = randomUUID();
    const settled = Promise.withResolvers<TracedMessage[]>();
    this.#pending.set(traceId, { messages: [], settled });
    const timer = setTimeout(() => settled.reject(new CanopyError('GATEWAY_MISSING')), PATIENCE_MS);
    try {
      send(traceId);
      return await settled.promise;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(traceId);
    }
  }

  /** Takes the next message of a trace; null: it is complete. */
  add(traceId: string, message: TracedMessage | null): void {
    const pending = this.#pending.get(traceId);
    if (message && pending && pending.messages.length < MAX_MESSAGES) {
      pending.messages.push(message);
    } else {
      pending?.settled.resolve(pending.messages);
    }
  }
}
