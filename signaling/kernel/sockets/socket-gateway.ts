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
import { createNonce } from '../../identity/index.ts';
import type { NestedBudget } from '../budgets/index.ts';
import type { PeerPrincipal } from '../principals/index.ts';
import type { JoinTracer } from '../tracing/index.ts';
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
  /** Whether all connections are refused, even reconnections. */
  closed(): boolean;
  origins(): ReadonlySet<string>;
  onRefused(code: ErrorCode): void;
  /** Default: joins are not traced. */
  tracer?: JoinTracer | undefined;
}

/** Packets allowed per allowed request (heartbeats and pings count too), and the burst, in seconds' worth of requests. */
const PACKETS_PER_REQUEST = 2;
const BURST_SECONDS = 30;

/** The socket.io server. Refuses foreign origins and excess connections before the handshake, and owns the connections. */
export class SocketGateway {
  readonly #io: Server;
  readonly #options: SocketGatewayOptions;
  readonly #connections = new Set<Connection>();
  /** Wires without a socket.io connection yet, by engine.io's socket. */
  readonly #wires = new WeakMap<object, Wire>();
  readonly #openWires = new Set<Wire>();

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
      connectTimeout: limits.authSeconds * 1000,
      allowRequest: (request, allow) => this.#admit(request, allow),
    });
    // A request with a session id would bypass allowRequest, and so the origin check (threat 3).
    this.#io.engine.use((request: IncomingMessage, _response: unknown, next: (error?: Error) => void) => {
      const { searchParams } = new URL(request.url ?? '', 'http://localhost');
      next(searchParams.has('sid') ? new Error('sessions are not resumed by id') : undefined);
    });
    // The client learns this id first, so it can answer the challenge without waiting for it as a message of its own.
    this.#io.engine.generateId = () => createNonce();
    this.#io.engine.on('connection', (raw: EngineSocket & { request: IncomingMessage }) => this.#opened(raw));
    this.#io.on('connection', (socket) => this.#connected(socket));
  }

  get size(): number {
    return this.#connections.size;
  }

  /** The session of this peer's current connection, if it has one. */
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

  /** Sends to every connection of an account. */
  sendTo<N extends EventName>(accountId: string, event: N, data: EventData<N>): void {
    for (const connection of this.#connections) {
      if (connection.session.principal?.accountId === accountId) {
        connection.send(event, data);
      }
    }
  }

  /** Ends the connections of matching principals. Returns the number of connections ended. */
  endMatching(matches: (principal: PeerPrincipal) => boolean, code: ErrorCode): number {
    const matching = [...this.#connections].filter(
      ({ session: { principal } }) => principal !== null && matches(principal),
    );
    for (const connection of matching) {
      connection.end(code);
    }
    return matching.length;
  }

  /** Sends an event to a device's connections. */
  sendToDevice<N extends EventName>(deviceId: string, event: N, data: EventData<N>): void {
    for (const connection of this.#connections) {
      if (connection.session.principal?.device.deviceId === deviceId) {
        connection.send(event, data);
      }
    }
  }

  /** Sends an event to an account's connections, except the one of this session. */
  sendToAccount<N extends EventName>(
    accountId: string,
    event: N,
    data: EventData<N>,
    except?: Session,
  ): void {
    for (const connection of this.#connections) {
      const { session } = connection;
      if (session.principal?.accountId === accountId && session !== except) {
        connection.send(event, data);
      }
    }
  }

  /** Everyone signed in, once per connection. */
  get principals(): PeerPrincipal[] {
    return [...this.#connections].flatMap(({ session: { principal } }) => principal ?? []);
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) {
      connection.end('SERVER_CLOSING');
    }
    // Let the last message go out; socket.io's close() would discard it.
    await Promise.all(
      [...this.#openWires].map((wire) => {
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

  /** Counts a connection against its budget from its upgrade until it closes. */
  #opened(raw: EngineSocket & { request: IncomingMessage }): void {
    const { requestsPerSecond, sendQueueBytes } = this.#options.config.limits;
    const wire = new Wire(raw, {
      packetsPerSecond: requestsPerSecond * PACKETS_PER_REQUEST,
      burst: requestsPerSecond * BURST_SECONDS,
      sendQueueBytes,
    });
    this.#wires.set(raw, wire);
    this.#openWires.add(wire);
    let release = (): void => undefined;
    try {
      release = this.#options.connections.take({ address: this.#networkOf(raw.request) });
    } catch {
      // Other connections used up the budget between the request and its upgrade.
      wire.cut();
    }
    wire.onceClosed(() => {
      this.#openWires.delete(wire);
      release();
    });
  }

  #connected(socket: Socket): void {
    const wire = this.#wires.get(socket.conn);
    if (!wire) {
      // A WebSocket carries only one socket.io connection.
      socket.disconnect(true);
      return;
    }
    this.#wires.delete(socket.conn);
    const { config, dispatcher, log, onRefused, tracer } = this.#options;
    const { auth } = socket.handshake;
    const connection = new Connection({
      socket,
      wire,
      nonce: engineId(socket),
      dispatcher,
      log,
      address: this.#addressOf(socket.request),
      network: this.#networkOf(socket.request),
      requestsPerSecond: config.limits.requestsPerSecond,
      authMs: config.limits.authSeconds * 1000,
      trace: tracer?.begin({
        openedAtMs: wire.openedAtMs,
        traceparent: (auth as { traceparent?: unknown }).traceparent ?? socket.request.headers.traceparent,
      }),
      onRefused,
      onClosed: (closed) => this.#connections.delete(closed),
    });
    this.#connections.add(connection);
    // It need not stay in memory.
    socket.handshake.auth = {};
    void connection.receiveFirst(auth);
  }

  #networkOf(request: IncomingMessage): string {
    return networkOf(this.#addressOf(request));
  }

  #addressOf(request: IncomingMessage): string {
    return clientAddress(request, this.#options.config.server.trustProxy);
  }
}

/** The id that engine.io's handshake gave the client. */
function engineId({ conn }: Socket): string {
  return (conn as unknown as { id: string }).id;
}
