import { WebSocket } from 'k6/websockets';
import type { Answer, RequestInput, RequestName, RequestResult } from '../../../contract/index.ts';

/** Far beyond every goal, in milliseconds. */
const PATIENCE_MS = 30_000;
const ENTER_NAMESPACE = '40';

/** An error: a code of the protocol, or one of this socket's own codes. */
export class StageError extends Error {
  readonly code: string;
  /** Details in words; may be empty. */
  readonly detail: string;

  constructor(code: string, detail = '') {
    super(`${code} ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}

/** socket.io 4 (engine.io 4) over one WebSocket, limited to what Canopy's protocol uses. */
export class CanopySocket {
  /** Called with every event from the server. */
  onEvent: (name: string, data: unknown) => void = () => {};
  readonly #ws: WebSocket;
  readonly #answers = new Map<number, (answer: Answer<unknown>) => void>();
  readonly #opened: Promise<void>;
  readonly #challenged: Promise<string>;
  /** Rejects pending waits when the socket closes. */
  readonly #lost: Promise<never>;
  #nextId = 0;
  #closing = false;

  /** Starts to connect; `address` is the person's apparent address. */
  constructor(origin: string, address: string) {
    const url = `${origin.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`;
    const ws = new WebSocket(url, null, { headers: { Origin: origin, 'X-Forwarded-For': address } });
    this.#ws = ws;
    let challenged: (nonce: string) => void = () => {};
    this.#opened = new Promise((resolve) => {
      ws.onopen = () => {
        // Other clients wait for engine.io's greeting. k6 1.8 sometimes loses it: it drops what it reads before this call.
        ws.send(ENTER_NAMESPACE);
        resolve();
      };
    });
    this.#challenged = new Promise((resolve) => {
      challenged = resolve;
    });
    this.#lost = new Promise((_resolve, reject) => {
      ws.onerror = ({ error }) => reject(new StageError('SOCKET_ERROR', error));
      ws.onclose = ({ code }) => {
        if (!this.#closing) {
          reject(new StageError('SOCKET_CLOSED', String(code)));
        }
      };
      ws.onmessage = ({ data }) => this.#receive(data, challenged, reject);
    });
    this.#lost.catch(() => {});
  }

  /** Resolves when the WebSocket is open. */
  opened(): Promise<void> {
    return this.#patiently(this.#opened);
  }

  /** The nonce to sign. */
  challenge(): Promise<string> {
    return this.#patiently(this.#challenged);
  }

  async request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>> {
    const id = this.#nextId;
    this.#nextId += 1;
    const envelope = { id: `${name.replace('.', '-')}-${Date.now()}-${id}`, data };
    const answered = new Promise<Answer<unknown>>((resolve) => this.#answers.set(id, resolve));
    this.#ws.send(`42${id}${JSON.stringify([name, envelope])}`);
    const answer = await this.#patiently(answered);
    if (!answer.ok) {
      throw new StageError(answer.error.code, answer.error.detail);
    }
    return answer.result as RequestResult<N>;
  }

  /** Ends the connection as a lost network would: without leaving. */
  drop(): void {
    this.#closing = true;
    this.#ws.close();
  }

  #receive(packet: string, challenged: (nonce: string) => void, fail: (error: StageError) => void): void {
    const kind = packet.slice(0, 2);
    if (packet === '2') {
      this.#ws.send('3');
    } else if (kind === '42') {
      const [name, data] = JSON.parse(packet.slice(2));
      if (name === 'auth.challenge') {
        challenged(data.nonce);
      }
      if (name === 'session.ended') {
        fail(new StageError(data.error.code));
      }
      this.onEvent(name, data);
    } else if (kind === '43') {
      const begin = packet.indexOf('[');
      const id = Number(packet.slice(2, begin));
      const [answer] = JSON.parse(packet.slice(begin));
      this.#answers.get(id)?.(answer);
      this.#answers.delete(id);
    } else if (kind === '41' || kind === '44') {
      fail(new StageError('SOCKET_REFUSED', packet));
    }
  }

  #patiently<T>(awaited: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new StageError('TIMEOUT')), PATIENCE_MS);
    });
    return Promise.race([awaited, this.#lost, late]).finally(() => clearTimeout(timer));
  }
}
