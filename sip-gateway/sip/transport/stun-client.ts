import type { Flow } from './flow.ts';
import { bindingRequest, mappedAddress, transactionIdOf } from './stun.ts';

/** Delays before a request is sent again, and at last given up, in milliseconds (RFC 8489 §6.2.1, but with fewer repetitions). */
const WAITS_MS = [500, 1000, 2000, 4000, 8000];

/** Sends Binding requests over UDP and matches their responses. */
export class StunClient {
  readonly #waiting = new Map<string, { flow: Flow; resolve: (mapped: string | undefined) => void }>();

  /** Our address as the peer sees it, as text to compare; undefined if it does not answer in 15.5 s. */
  async request(flow: Flow): Promise<string | undefined> {
    const request = bindingRequest();
    const id = transactionIdOf(request);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#waiting.set(id, { flow, resolve });
    let timer: NodeJS.Timeout | undefined;
    const send = (attempt: number) => {
      const wait = WAITS_MS[attempt];
      if (wait === undefined) {
        resolve(undefined);
        return;
      }
      flow.send(request);
      timer = setTimeout(send, wait, attempt + 1);
      timer.unref();
    };
    send(0);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Takes a response, if it comes from where the request went. */
  receive(message: Buffer, { remote }: Flow): void {
    const waiting = this.#waiting.get(transactionIdOf(message));
    const mapped = mappedAddress(message);
    if (
      waiting &&
      mapped !== undefined &&
      waiting.flow.remote.address === remote.address &&
      waiting.flow.remote.port === remote.port
    ) {
      waiting.resolve(mapped);
    }
  }
}
