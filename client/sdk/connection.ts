import { io, type Socket } from 'socket.io-client';
import type {
  Answer,
  EventData,
  EventName,
  RequestInput,
  RequestName,
  RequestResult,
} from '../../contract/index.ts';
import { CanopyError, PROTOCOL_VERSION } from '../../contract/light.ts';
import { backoffMs } from './backoff.ts';
import { newRequestId } from './bytes.ts';
import { Emitter } from './emitter.ts';
import { FirstRequests } from './first-requests.ts';
import type { Identity } from './identity/index.ts';

export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

export interface ConnectionOptions {
  /**
   * The server's address, of which only the origin is used; or the addresses of all servers of a deployment, the preferred one first. If
   * one cannot be reached or refuses temporarily, the next is dialled at once.
   */
  url: string | readonly string[];
  identity: Identity;
  /** Path of the socket endpoint. Default `/socket.io/`. */
  path?: string;
  /** Time limit for a request, including reconnecting, in milliseconds. Default 15 000. */
  requestTimeoutMs?: number;
  /** Time limit for connecting to one address, including the challenge, in milliseconds. Default 10 000, or 4000 with several addresses. */
  connectTimeoutMs?: number;
  /** W3C trace context (`traceparent`) of what the connection is made for: a server that sends traces adds the join to that trace. */
  traceparent?: string;
  /** Further options of socket.io-client, e.g. `ca` for Node. */
  socketOptions?: Record<string, unknown>;
}

/** Where to connect. Without an identity the connection stays unauthenticated, which the server allows only for waiting in a lobby. */
export type DialOptions = Omit<ConnectionOptions, 'identity'> & { identity?: Identity | undefined };

type ServerEvents = { [N in EventName]: [EventData<N>] };
export interface ConnectionEvents extends ServerEvents {
  /** `error`: why it closed or was interrupted, if known. */
  state: [ConnectionState, CanopyError | undefined];
  /** Any server event, emitted after the event's own name. */
  event: [name: EventName, data: unknown];
}

/** Called when a new socket is authenticated. If it resolves to true, pending requests are re-sent; otherwise they fail. */
export type ReturnHandler = () => Promise<boolean>;

/** The request with which a room is entered. */
export type JoinRequest = { name: 'room.join'; data: RequestInput<'room.join'> };

interface Pending {
  id: string;
  name: RequestName;
  data: unknown;
  settle(answer: Answer<unknown> | CanopyError): void;
}

const BACKOFF = { firstMs: 500, mostMs: 8000 };
/** Time limit for the answer to a ping, in milliseconds. */
const CHECK_MS = 3000;

/**
 * An authenticated connection that reconnects automatically. Each new socket answers a new challenge. Unanswered requests are re-sent with
 * their old id, so that the server executes each only once.
 */
export class Connection extends Emitter<ConnectionEvents> {
  /** Runs after every reconnect, before pending requests are re-sent; set by the room. */
  onReturn: ReturnHandler = async () => true;
  /** What to send along when a socket is opened; requestNow() will ask for it. Set by the room. */
  alsoFirst: () => Promise<JoinRequest | undefined> = async () => undefined;
  readonly #options: DialOptions;
  readonly #origins: readonly string[];
  #origin: string;
  #state: ConnectionState = 'connecting';
  #socket: Socket | undefined;
  /** What the current socket sent when it was opened; undefined if the server has not read it. */
  #first: FirstRequests | undefined;
  /** Events that belong to an answer of the first requests that nobody has asked for yet. */
  #withheld: Array<() => void> = [];
  /** The current socket, once it is authenticated, or open if there is no identity. */
  #authenticated: Socket | undefined;
  #abortConnect: () => void = () => {};
  #pending = new Map<string, Pending>();
  /** Requests wait while this is false: no socket, not authenticated yet, or onReturn() is running. */
  #flowing = false;
  #attempt = 0;
  /** Counts lost sockets, so that a superseded attempt to reconnect changes nothing. */
  #round = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** Earliest time to retry after a closing server refused this client, by performance.now(). */
  #notBeforeMs = 0;
  #checking = false;

  constructor(options: DialOptions) {
    super();
    this.#options = options;
    const urls = typeof options.url === 'string' ? [options.url] : options.url;
    this.#origins = [...new Set(urls.map((url) => new URL(url).origin))];
    const [first] = this.#origins;
    if (first === undefined) {
      throw new TypeError('url must name at least one address');
    }
    this.#origin = first;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The origin that is connected or being dialled. */
  get origin(): string {
    return this.#origin;
  }

  /**
   * Connects for the first time. Resolves to the account, or to undefined without an identity.
   *
   * @throws {CanopyError} CONNECTION_LOST, REQUEST_TIMEOUT, or the server's refusal of the certificate
   */
  async open(): Promise<RequestResult<'auth.prove'> | undefined> {
    try {
      const account = await this.#connectToAny();
      this.#flow();
      return account;
    } catch (error) {
      this.close(CanopyError.from(error));
      throw error;
    }
  }

  /** Sends a request, and re-sends it after a reconnect. @throws {CanopyError} CONNECTION_LOST, REQUEST_TIMEOUT, or the server's refusal */
  request<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>> {
    const { promise, resolve, reject } = Promise.withResolvers<RequestResult<N>>();
    if (this.#state === 'closed') {
      return Promise.reject(new CanopyError('CONNECTION_LOST'));
    }
    const id = newRequestId();
    const settle = (answer: Answer<unknown> | CanopyError) => {
      if (!this.#pending.delete(id)) {
        return;
      }
      clearTimeout(timer);
      if (answer instanceof CanopyError) {
        reject(answer);
      } else if (answer.ok) {
        resolve(answer.result as RequestResult<N>);
      } else {
        reject(CanopyError.fromBody(answer.error));
      }
    };
    const timer = setTimeout(
      () => settle(new CanopyError('REQUEST_TIMEOUT', name)),
      this.#options.requestTimeoutMs ?? 15_000,
    );
    const pending = { id, name, data, settle };
    this.#pending.set(id, pending);
    if (this.#flowing) {
      this.#send(pending);
    }
    return promise;
  }

  /**
   * Sends a request on the current socket only, ahead of waiting ones. If alsoFirst() named it for this socket, it is under way already.
   *
   * @throws {CanopyError} CONNECTION_LOST - the socket is gone; and as request()
   */
  requestNow<N extends RequestName>(name: N, data: RequestInput<N>): Promise<RequestResult<N>> {
    const socket = this.#authenticated;
    if (!socket) {
      return Promise.reject(new CanopyError('CONNECTION_LOST'));
    }
    const answer = this.#first?.take(name);
    if (!answer) {
      return this.#requestOn(socket, name, data);
    }
    const result = this.#answered(socket, name, (settle) => answer.then(settle));
    this.#release();
    return result;
  }

  /** Moves the connection to another server of the same deployment. */
  redirect(url: string): void {
    if (this.#state === 'closed') {
      return;
    }
    this.#origin = new URL(url).origin;
    this.#attempt = 0;
    this.#lost(undefined, 0);
  }

  /** Drops the socket and reconnects at once: for tests, and after a change of network. */
  reconnect(): void {
    if (this.#state !== 'closed') {
      this.#lost(undefined, 0);
    }
  }

  /**
   * Pings the server and reconnects if no answer arrives within 3 s. On a dead network path, a socket would otherwise stay open much
   * longer. Concurrent calls share one ping.
   */
  async check(): Promise<void> {
    const socket = this.#socket;
    if (!this.#flowing || !socket || this.#checking) {
      return;
    }
    this.#checking = true;
    try {
      await this.#requestOn(socket, 'session.ping', {}, CHECK_MS);
    } catch (error) {
      // Any other answer, even a refusal, shows that the server is alive.
      const isSilent = CanopyError.from(error).code === 'REQUEST_TIMEOUT';
      if (isSilent && this.#socket === socket && this.#flowing) {
        this.reconnect();
      }
    } finally {
      this.#checking = false;
    }
  }

  /** Closes the connection. Pending requests fail with the error, by default CONNECTION_LOST. */
  close(error?: CanopyError): void {
    if (this.#state === 'closed') {
      return;
    }
    this.#flowing = false;
    clearTimeout(this.#retryTimer);
    this.#dropSocket();
    failAll([...this.#pending.values()], error);
    this.#setState('closed', error);
  }

  /** Dials the current address, then the others in order, until one accepts. Rejects with the last error. */
  async #connectToAny(): Promise<RequestResult<'auth.prove'> | undefined> {
    const round = this.#round;
    const others = this.#origins.filter((origin) => origin !== this.#origin);
    for (;;) {
      try {
        return await this.#connect();
      } catch (error) {
        const isOver = round !== this.#round || this.#state === 'closed';
        const next = others[0];
        if (next === undefined || isOver || !CanopyError.from(error).retryable) {
          throw error;
        }
        others.shift();
        this.#origin = next;
      }
    }
  }

  /** Opens a socket, waits for the challenge and answers it if there is an identity. */
  async #connect(): Promise<RequestResult<'auth.prove'> | undefined> {
    const { path, socketOptions, identity, traceparent } = this.#options;
    const { connectTimeoutMs = this.#origins.length > 1 ? 4000 : 10_000 } = this.#options;
    this.#dropSocket();
    const first = new FirstRequests();
    let provenNonce: string | undefined;
    /** Answers the challenge, and asks for what else is wanted. */
    const pack = async (by: Identity) => {
      const nonce = socket.io.engine.id;
      const also = this.alsoFirst();
      const proof = await this.#proof(by, nonce);
      const requests = first.pack([{ name: 'auth.prove', data: proof }, ...toList(await also)]);
      provenNonce = nonce;
      return traceparent === undefined ? requests : { ...requests, traceparent };
    };
    const socket = io(this.#origin, {
      // Browsers set this header themselves and ignore ours; the server requires it from other clients too.
      extraHeaders: { origin: this.#origin },
      ...socketOptions,
      ...(path && { path }),
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      ...(identity && { auth: (send: (auth: object) => void) => void pack(identity).then(send, abort) }),
    });
    const { promise: aborted, reject: abort } = Promise.withResolvers<never>();
    this.#socket = socket;
    this.#first = first;
    socket.on('session.answer', (data) => first.settle(data));
    this.#abortConnect = () => abort(new CanopyError('CONNECTION_LOST'));
    const timer = setTimeout(() => abort(new CanopyError('REQUEST_TIMEOUT', 'connect')), connectTimeoutMs);
    // From the start: what belongs to the answers of the first requests may come right after the challenge.
    socket.onAny((name: string, data: unknown) => this.#received(socket, name, data));
    try {
      const { nonce } = await Promise.race([aborted, this.#challenge(socket)]);
      socket.on('disconnect', () => {
        if (this.#socket === socket && this.#flowing) {
          this.#lost();
        }
      });
      if (!identity) {
        this.#authenticated = socket;
        return undefined;
      }
      const answer = first.take('auth.prove');
      const proving =
        answer && nonce === provenNonce
          ? this.#answered(socket, 'auth.prove', (settle) => answer.then(settle))
          : // An older server: it has not read what came first.
            this.#proveLater(socket, identity, nonce);
      const account = await Promise.race([aborted, proving]);
      this.#authenticated = socket;
      return account;
    } catch (error) {
      socket.disconnect();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #proveLater(socket: Socket, identity: Identity, nonce: string): Promise<RequestResult<'auth.prove'>> {
    this.#first = undefined;
    return this.#requestOn(socket, 'auth.prove', await this.#proof(identity, nonce));
  }

  async #proof(identity: Identity, nonce: string): Promise<RequestInput<'auth.prove'>> {
    const statement = { origin: this.#origin, nonce, timeMs: Date.now() };
    const signature = await identity.proveAuth(statement);
    return { protocolVersion: PROTOCOL_VERSION, chain: [...identity.chain], ...statement, signature };
  }

  #challenge(socket: Socket): Promise<EventData<'auth.challenge'>> {
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown) => reject(new CanopyError('CONNECTION_LOST', undefined, { cause }));
      socket.once('auth.challenge', resolve);
      socket.once('session.ended', ({ error }: EventData<'session.ended'>) =>
        reject(CanopyError.fromBody(error)),
      );
      socket.once('connect_error', failed);
      socket.once('disconnect', failed);
    });
  }

  /** Sends one request on one socket. */
  #requestOn<N extends RequestName>(
    socket: Socket,
    name: N,
    data: RequestInput<N>,
    timeoutMs?: number,
  ): Promise<RequestResult<N>> {
    return this.#answered(
      socket,
      name,
      (settle) => socket.emit(name, { id: newRequestId(), data }, settle),
      timeoutMs,
    );
  }

  /** Waits for an answer as long as the socket is open. `ask` sends the request. */
  #answered<N extends RequestName>(
    socket: Socket,
    name: N,
    ask: (settle: (answer: Answer<RequestResult<N>>) => void) => void,
    timeoutMs = this.#options.requestTimeoutMs ?? 15_000,
  ): Promise<RequestResult<N>> {
    const { promise, resolve, reject } = Promise.withResolvers<RequestResult<N>>();
    const lost = () => reject(new CanopyError('CONNECTION_LOST'));
    const timer = setTimeout(() => reject(new CanopyError('REQUEST_TIMEOUT', name)), timeoutMs);
    const ended = ({ error }: EventData<'session.ended'>) => reject(CanopyError.fromBody(error));
    socket.once('disconnect', lost);
    socket.once('session.ended', ended);
    ask((answer) => {
      if (answer.ok) {
        resolve(answer.result);
      } else {
        reject(CanopyError.fromBody(answer.error));
      }
    });
    if (!socket.connected) {
      lost();
    }
    return promise.finally(() => {
      clearTimeout(timer);
      socket.off('disconnect', lost);
      socket.off('session.ended', ended);
    });
  }

  #send({ name, id, data, settle }: Pending): void {
    this.#socket?.emit(name, { id, data }, settle);
  }

  #received(socket: Socket, name: string, data: unknown): void {
    if (this.#socket !== socket) {
      return;
    }
    if (name === 'session.ended') {
      const error = CanopyError.fromBody((data as EventData<'session.ended'>).error);
      if (!this.#flowing) {
        return;
      }
      if (error.retryable) {
        this.#lost(error);
      } else {
        this.close(error);
      }
      return;
    }
    if (name === 'server.closing') {
      this.#notBeforeMs = performance.now() + (data as EventData<'server.closing'>).retryAfterSeconds * 1000;
    }
    // All protocol events have a dot in their name, so they cannot be confused with this class's own.
    if (!name.includes('.')) {
      return;
    }
    this.#withheld.push(() => {
      this.emit(name as EventName, data as never);
      this.emit('event', name as EventName, data);
    });
    if (!this.#first?.has('room.join')) {
      this.#release();
    }
  }

  #release(): void {
    for (const emit of this.#withheld.splice(0)) {
      emit();
    }
  }

  /** The socket is gone: reconnects after a delay. */
  #lost(error?: CanopyError, delayMs?: number): void {
    this.#flowing = false;
    this.#round += 1;
    this.#dropSocket();
    this.#setState('reconnecting', error);
    clearTimeout(this.#retryTimer);
    // A draining server readmits devices that have a seat, so only a refusal delays the retry.
    const serverDelayMs = error?.code === 'SERVER_CLOSING' ? this.#notBeforeMs - performance.now() : 0;
    const waitMs = Math.max(backoffMs(this.#attempt, BACKOFF), serverDelayMs);
    this.#retryTimer = setTimeout(() => void this.#retry(), delayMs ?? waitMs);
    this.#attempt += 1;
  }

  async #retry(): Promise<void> {
    const round = this.#round;
    try {
      await this.#connectToAny();
      const waiting = [...this.#pending.values()];
      const resumed = await this.onReturn();
      if (round !== this.#round || this.#state === 'closed') {
        return;
      }
      if (!this.#socket?.connected) {
        throw new CanopyError('CONNECTION_LOST');
      }
      const entering = this.#first?.take('room.join');
      if (entering) {
        // The room was closed meanwhile.
        this.#release();
        entering.then(() => this.requestNow('room.leave', {})).catch(() => {});
      }
      // If the room was not resumed, older requests refer to objects that no longer exist.
      if (!resumed) {
        failAll(waiting.filter(({ name }) => !name.startsWith('invite.')));
      }
      this.#flow();
    } catch (cause) {
      if (round !== this.#round || this.#state === 'closed') {
        return;
      }
      const error = CanopyError.from(cause);
      if (error.retryable) {
        this.#lost(error);
      } else {
        this.close(error);
      }
    }
  }

  /** Opens the connection to requests and sends those that waited. */
  #flow(): void {
    this.#attempt = 0;
    this.#flowing = true;
    for (const pending of this.#pending.values()) {
      this.#send(pending);
    }
    this.#setState('connected');
  }

  #dropSocket(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#authenticated = undefined;
    this.#first = undefined;
    this.#withheld = [];
    this.#abortConnect();
    socket?.disconnect();
  }

  #setState(state: ConnectionState, error?: CanopyError): void {
    if (this.#state === state) {
      return;
    }
    this.#state = state;
    this.emit('state', state, error);
  }
}

function toList<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

function failAll(requests: Pending[], error?: CanopyError): void {
  for (const { name, settle } of requests) {
    settle(error ?? new CanopyError('CONNECTION_LOST', name));
  }
}
