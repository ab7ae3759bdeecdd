import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { MAX_BODY_BYTES, MAX_HEADER_BYTES } from '../message/index.ts';
import type { Endpoint } from './flow.ts';
import { endpointOf, listen } from './listening.ts';

export interface WebSocketOptions {
  protocol: 'ws' | 'wss';
  address: string;
  port: number;
  advertise?: { host: string; port?: number };
  /** Certificate chain and key (PEM); required for `wss`. */
  tls?: { cert: string | Buffer; key: string | Buffer };
  /** Origins of other sites whose pages may connect. Pages of this host always may, and programs, which name no origin. */
  origins?: readonly string[];
}

export interface WebSocketListenerEvents {
  /** Whether to keep a new connection, before anything is read from it. */
  admits(socket: Socket): boolean;
  onConnection(webSocket: WebSocket, socket: Socket): void;
}

/** The WebSocket subprotocol (RFC 7118 §4). */
const SUBPROTOCOL = 'sip';
/** Time limit for the TLS handshake and for the request, in milliseconds. */
const HANDSHAKE_MS = 10_000;
/** Maximum size of the request's header section, in bytes. */
const MAX_REQUEST_BYTES = 8192;

/** An HTTP(S) server that only opens WebSockets for SIP (RFC 7118). The transport layer owns the connections. */
export class WebSocketListener {
  readonly protocol: 'ws' | 'wss';
  readonly options: WebSocketOptions;
  readonly #server: Server | TlsServer;
  readonly #upgrades: WebSocketServer;
  #closing: Promise<void> | undefined;

  private constructor(
    server: Server | TlsServer,
    options: WebSocketOptions,
    events: WebSocketListenerEvents,
  ) {
    this.#server = server;
    this.options = options;
    this.protocol = options.protocol;
    this.#upgrades = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: MAX_HEADER_BYTES + MAX_BODY_BYTES,
      handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
    });
    server.on('connection', (socket: Socket) => {
      if (!events.admits(socket)) {
        socket.destroy();
      }
    });
    server.on('request', (_request, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const status = this.#refusal(request);
      if (status !== undefined) {
        socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      this.#upgrades.handleUpgrade(request, socket, head, (webSocket) =>
        events.onConnection(webSocket, request.socket),
      );
    });
  }

  /** Starts listening. @throws {Error} a system error such as EADDRINUSE, or OpenSSL's for an invalid certificate */
  static async create(
    options: WebSocketOptions,
    events: WebSocketListenerEvents,
  ): Promise<WebSocketListener> {
    const limits = {
      maxHeaderSize: MAX_REQUEST_BYTES,
      headersTimeout: HANDSHAKE_MS,
      requestTimeout: HANDSHAKE_MS,
      connectionsCheckingInterval: HANDSHAKE_MS / 2,
      keepAliveTimeout: 1,
    };
    const server =
      options.protocol === 'wss'
        ? createTlsServer({
            ...options.tls,
            ...limits,
            minVersion: 'TLSv1.2',
            handshakeTimeout: HANDSHAKE_MS,
            ALPNProtocols: ['http/1.1'],
          })
        : createServer(limits);
    const listener = new WebSocketListener(server, options, events);
    await listen(server, options);
    server.on('clientError', (_error, socket) => socket.destroy());
    return listener;
  }

  get local(): Endpoint {
    return endpointOf(this.#server);
  }

  /** Uses another certificate for new connections. */
  setCertificate(tls: { cert: string | Buffer; key: string | Buffer }): void {
    if ('setSecureContext' in this.#server) {
      this.#server.setSecureContext(tls);
    }
  }

  /** Stops accepting connections; resolves when all connections are closed, too. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }

  /** Why a request for a WebSocket is refused: the status line of the response. */
  #refusal({ headers }: IncomingMessage): string | undefined {
    const offered = headers['sec-websocket-protocol'] ?? '';
    if (!offered.split(',').some((each) => each.trim().toLowerCase() === SUBPROTOCOL)) {
      return '400 Subprotocol sip Required';
    }
    return this.#isAllowed(headers.origin, headers.host) ? undefined : '403 Forbidden';
  }

  /** Whether a page may connect: pages of other sites must not use their visitors' networks and addresses (threat 5). */
  #isAllowed(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || this.options.origins?.includes(origin)) {
      return true;
    }
    return host !== undefined && hostNameOf(origin) === hostNameOf(`http://${host}`);
  }
}

function hostNameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
