import type { Answer, EventData, FirstRequest, RequestName } from '../../contract/index.ts';
import { newRequestId } from './bytes.ts';

/** What may be sent before the client is authenticated, with room for headers and frames: the server ends the connection at 16 KiB. */
const MAX_BYTES = 12_000;

/**
 * A socket's first requests. They travel in socket.io's CONNECT packet, since the id in engine.io's handshake is the challenge, and are
 * answered by `session.answer`. An older server does not read them.
 */
export class FirstRequests {
  /** Those whose answer nobody has taken yet. */
  readonly #waiting = new Map<RequestName, PromiseWithResolvers<Answer<never>>>();
  readonly #byId = new Map<string, PromiseWithResolvers<Answer<never>>>();

  /** The content of the CONNECT packet: the requests in their order, as many as fit. */
  pack(requests: ReadonlyArray<{ name: RequestName; data: unknown }>): { requests: FirstRequest[] } {
    const packed: FirstRequest[] = [];
    for (const { name, data } of requests) {
      const id = newRequestId();
      if (packed.length === 0 || JSON.stringify([...packed, data]).length <= MAX_BYTES) {
        const answer = Promise.withResolvers<Answer<never>>();
        packed.push({ name, id, data });
        this.#waiting.set(name, answer);
        this.#byId.set(id, answer);
      }
    }
    return { requests: packed };
  }

  has(name: RequestName): boolean {
    return this.#waiting.has(name);
  }

  /** The answer to a request that was sent, once. */
  take(name: RequestName): Promise<Answer<never>> | undefined {
    const waiting = this.#waiting.get(name);
    this.#waiting.delete(name);
    return waiting?.promise;
  }

  settle({ id, answer }: EventData<'session.answer'>): void {
    this.#byId.get(id)?.resolve(answer as Answer<never>);
  }
}
