import type { RequestInput } from '../../contract/index.ts';

/** The server's side of direct calls, as calls need it. */
export interface PeopleServer {
  /** A phone of a direct call rings. */
  ringing(callId: string): Promise<void>;
  /** A phone was answered. Returns the room. @throws {CanopyError} CALL_TAKEN, CALL_ENDED, CALL_UNKNOWN */
  answered(callId: string): Promise<string>;
  /** A phone calls a person. @throws {CanopyError} PERSON_UNKNOWN, CALL_BARRED, IN_ANOTHER_CALL, RATE_LIMITED */
  call(call: RequestInput<'gateway.call'>): Promise<void>;
}

/** The call of a phone, as much as matters here. */
interface WaitingCall {
  readonly callId: string;
  readonly ended: boolean;
  onEnded(listener: () => void): () => void;
}

interface Waiting {
  ringing(): void;
  connect(roomId: string | undefined): void;
}

/** Direct calls of phones: what phones report to the server, and phones that wait for a person to answer. */
export class PeopleLink {
  readonly server: PeopleServer;
  readonly #waiting = new Map<string, Waiting>();

  constructor(server: PeopleServer) {
    this.server = server;
  }

  /**
   * Calls a person for a phone. Resolves with the room once the person has answered; undefined if the call has ended.
   *
   * @param ringing called each time the server says that the person is being rung
   * @throws {CanopyError} as PeopleServer.call()
   */
  async call(
    call: WaitingCall,
    request: Omit<RequestInput<'gateway.call'>, 'callId'>,
    ringing: () => void,
  ): Promise<string | undefined> {
    const { callId } = call;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#waiting.set(callId, { ringing, connect: resolve });
    const stop = call.onEnded(() => resolve(undefined));
    try {
      await this.server.call({ ...request, callId });
      return call.ended ? undefined : await promise;
    } finally {
      stop();
      this.#waiting.delete(callId);
    }
  }

  progress(callId: string): void {
    this.#waiting.get(callId)?.ringing();
  }

  connect(callId: string, roomId: string): void {
    this.#waiting.get(callId)?.connect(roomId);
  }
}
