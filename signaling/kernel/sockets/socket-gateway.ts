import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server, type Socket } from 'socket.io';
import {
  CanopyError,
  type Config,
  clientAddress,
  type ErrorCode,
  type Logger,
  networkOf,
} from '../../../base/index.ts';
import type { EventData, EventName } from '../../../contract/index.ts';
import type { NestedBudget } from '../budgets/index.ts';
import type { PeerPrincipal } from '../principals/index.ts';
import { Connection } from './connection.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Session } from './session.ts';
import { type EngineSocket, Wire } from './wire.ts';

export interface SocketGatewayOptions {
  http: HttpServer;
  config: Config;
  log: Logger;
  dispatcher: Dispatcher;
  /** The budget for open connections. */
  connections: NestedBudget;
  /** Whether connections are refused, even reconnections. */
  closed(): boolean;
  origins(): ReadonlySet<string>;
  onRefused(code: ErrorCode): void;
}

/** How long a client may take to authenticate, in milliseconds. */
const AUTH_MS = 15_000;

/** Packets that a connection may send besides the requests it may make, as a factor, and how many seconds' worth of requests at once. */
const PACKETS_PER_REQUEST = 2;
const BURST_SECONDS = 30;

/** The socket.io server: refuses foreign origins and floods at the door, and holds the connections. */
export class SocketGateway {
  readonly #io: Server;
  readonly #options: SocketGatewayOptions;
  readonly #connections = new Set<Connection>();
  /** Connections that have not entered the protocol yet, by engine.io's object. */
  readonly #wires = new WeakMap<object, Wire>();
  readonly #open = new Set<Wire>();

  constructor(options: SocketGatewayOptions) {
    this.#options = options;
    const { limits } = options.config;
    this.#io = new Server(options.http, {
      transports: ['websocket'],
      serveClient: false,
      maxHttpBufferSize: limits.messageBytes,
      perMessageDeflate: false,
      httpCompression: false,
      pingInterval: 10_000,
      pingTimeout: 10_000,
      connectTimeout: AUTH_MS,
      allowRequest: (request, allow) => this.#admit(request, allow),
    });
    // A connection is known by itself alone: naming another's id would go past allowRequest, and so past the origin (threat case 3).
    this.#io.engine.use((request: IncomingMessage, _response: unknown, next: (error?: Error) => void) => {
      const { searchParams } = new URL(request.url ?? '', 'http://localhost');
      next(searchParams.has('sid') ? new Error('sessions are not resumed by id') : undefined);
    });
    this.#io.engine.on('connection', (raw: EngineSocket & { request: IncomingMessage }) => this.#opened(raw));
    this.#io.on('connection', (socket) => this.#connected(socket));
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Of the connection that this peer has now, if it has one. */
  sessionOf(peerId: string): Session | undefined {
    for (const { session } of this.#connections) {
      if (session.seat?.peer.peerId === peerId) {
        return session;
      }
    }
    return undefined;
  }

  broadcast<N extends EventName>(event: N, data: EventData<N>): void {
    for (const connection of this.#connections) {
      connection.send(event, data);
    }
  }

  /** Ends the connections of those who are meant, for the reason given. Returns how many there were. */
  endThose(isMeant: (principal: PeerPrincipal) => boolean, code: ErrorCode): number {
    const meant = [...this.#connections].filter(
      ({ session: { principal } }) => principal !== null && isMeant(principal),
    );
    for (const connection of meant) {
      connection.end(code);
    }
    return meant.length;
  }

  /** Everyone signed in, once per connection. */
  get principals(): PeerPrincipal[] {
    return [...this.#connections].flatMap(({ session: { principal } }) => principal ?? []);
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) {
      connection.end('SERVER_CLOSING');
    }
    // The farewell is on its way; socket.io's close() would discard it.
    await Promise.all(
      [...this.#open].map((wire) => {
        wire.cutSoon();
        return new Promise<void>((resolve) => wire.onceClosed(resolve));
      }),
    );
    await this.#io.close();
  }

  #admit(request: IncomingMessage, allow: (error: string | null, success: boolean) => void): void {
    let code: ErrorCode | null;
    try {
      code = this.#refusal(request);
    } catch (error) {
      // An unexpected error here refuses only this connection; engine.io would let it end the process.
      this.#options.log.error({ err: error }, 'admission check of a connection failed');
      code = 'INTERNAL';
    }
    if (code) {
      this.#options.onRefused(code);
      const { origin } = request.headers;
      this.#options.log.info({ code, origin, address: this.#addressOf(request) }, 'connection refused');
    }
    allow(code && JSON.stringify(new CanopyError(code)), code === null);
  }

  #refusal(request: IncomingMessage): ErrorCode | null {
    const { origin } = request.headers;
    if (origin === undefined || !this.#options.origins().has(origin)) {
      return 'ORIGIN_NOT_ALLOWED';
    }
    if (this.#options.closed()) {
      return 'SERVER_CLOSING';
    }
    const full = this.#options.connections.exceeded({ address: this.#networkOf(request) });
    return full === undefined ? null : 'TOO_MANY_CONNECTIONS';
  }

  /** Counts a connection from here on, before anything is said on it, until it is gone. */
  #opened(raw: EngineSocket & { request: IncomingMessage }): void {
    const { requestsPerSecond, sendQueueBytes } = this.#options.config.limits;
    const wire = new Wire(raw, {
      packetsPerSecond: requestsPerSecond * PACKETS_PER_REQUEST,
      burst: requestsPerSecond * BURST_SECONDS,
      sendQueueBytes,
    });
    this.#wires.set(raw, wire);
    this.#open.add(wire);
    let release = (): void => undefined;
    try {
      release = this.#options.connections.take({ address: this.#networkOf(raw.request) });
    } catch {
      // Other connections arrived between the request and its upgrade.
      wire.cut();
    }
    wire.onceClosed(() => {
      this.#open.delete(wire);
      release();
    });
  }

  #connected(socket: Socket): void {
    const wire = this.#wires.get(socket.conn);
    if (!wire) {
      // It has entered before: a connection has one session.
      socket.disconnect(true);
      return;
    }
    this.#wires.delete(socket.conn);
    const { config, dispatcher, log, onRefused } = this.#options;
    const connection = new Connection({
      socket,
      wire,
      dispatcher,
      log,
      network: this.#networkOf(socket.request),
      requestsPerSecond: config.limits.requestsPerSecond,
      authMilliseconds: AUTH_MS,
      onRefused,
      onClosed: (closed) => this.#connections.delete(closed),
    });
    this.#connections.add(connection);
  }

  #networkOf(request: IncomingMessage): string {
    return networkOf(this.#addressOf(request));
  }

  #addressOf(request: IncomingMessage): string {
    return clientAddress(request, this.#options.config.server.trustProxy);
  }
}
