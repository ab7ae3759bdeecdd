import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import {
  createSecureContext,
  createServer as createTlsServer,
  type SecureContext,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { CanopyError, isLoopback, LineLimit, type Logger, networkOf } from '../../../base/index.ts';
import type { NestedBudget } from '../budgets/index.ts';

export interface TlsMaterial {
  /** PEM chain. */
  cert: string;
  /** PEM key. */
  key: string;
}

export interface ListenerOptions {
  log: Logger;
  /** Budget for TCP connections, charged on accept: before a handshake, a request or an upgrade. */
  connections: NestedBudget;
}

/** First byte of a TLS record that holds a handshake (RFC 8446 §5.1). */
const TLS_HANDSHAKE = 0x16;
/** The length of a TLS record's header, and where it has the record's length. */
const RECORD_HEADER_BYTES = 5;
const RECORD_LENGTH_AT = 3;
/** What an ACME authority offers by ALPN (RFC 8737, section 6.2). */
const ACME_ALPN = 'acme-tls/1';
/** How long a client may take to send the first byte, in milliseconds. */
const FIRST_BYTE_MS = 10_000;
/** How long a request's headers and the whole request may take, and how often that is checked, in milliseconds. */
const TIME_LIMITS = { headersTimeout: 10_000, requestTimeout: 15_000, connectionsCheckingInterval: 2000 };

/**
 * One TCP port for HTTPS and, on loopback, plain HTTP: browsers treat `http://localhost` as secure, so trying Canopy locally needs no
 * certificate. Plain HTTP from other addresses is redirected to HTTPS.
 */
export class Listener {
  /** The server for fastify and socket.io. It does not listen; it is handed accepted connections. */
  readonly http: HttpServer;
  readonly #tcp: Server;
  readonly #tls: TlsServer | null;
  readonly #redirecting = createDetachedServer().on('request', redirect);
  /** Answers the challenges of an ACME authority. */
  readonly #acme: TlsServer;
  readonly #challenges = new Map<string, SecureContext>();
  readonly #sockets = new Set<Socket>();
  readonly #options: ListenerOptions;
  readonly #lines: LineLimit;

  /** @param tls null: plain HTTP for all clients (behind a proxy) */
  constructor(tls: TlsMaterial | null, options: ListenerOptions) {
    this.#options = options;
    this.#lines = new LineLimit(options.log);
    this.http = createDetachedServer();
    this.#tls =
      tls &&
      createTlsServer({
        ...tls,
        ALPNProtocols: ['http/1.1'],
        handshakeTimeout: FIRST_BYTE_MS,
        minVersion: 'TLSv1.2',
      });
    this.#tls?.on('secureConnection', (socket) => this.#serve(socket));
    this.#tls?.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      this.#note('TLS handshake failed', error.code ?? error.message, addressOf(socket));
      socket.destroy();
    });
    this.#acme = createTlsServer({
      ALPNProtocols: [ACME_ALPN],
      handshakeTimeout: FIRST_BYTE_MS,
      SNICallback: (name, done) => done(null, this.#challenges.get(name)),
    });
    // The handshake is the answer.
    this.#acme.on('secureConnection', (socket) => socket.end());
    this.#acme.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#tcp = createTcpServer((socket) => this.#accept(socket));
    // E.g. out of descriptors: this connection is lost, later ones succeed.
    this.#tcp.on('error', ({ code }: NodeJS.ErrnoException) =>
      this.#note('connection not accepted', code ?? 'unknown'),
    );
  }

  /** The bound port. */
  get port(): number {
    return (this.#tcp.address() as AddressInfo).port;
  }

  /** Starts listening. @throws {CanopyError} PORT_IN_USE; CONFIG_INVALID - the host is not an address of this machine */
  async listen(host: string, port: number): Promise<void> {
    try {
      await this.#listen(host, port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAFNOSUPPORT' && host === '::') {
        await this.listen('0.0.0.0', port);
      } else if (code === 'EADDRINUSE' || code === 'EACCES') {
        throw new CanopyError('PORT_IN_USE', `TCP ${host} port ${port}: ${code} (--port)`, { cause: error });
      } else if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
        throw new CanopyError(
          'CONFIG_INVALID',
          `server.host (${JSON.stringify(host)}): ${code}, not an address of this machine`,
          { cause: error },
        );
      } else {
        throw error;
      }
    }
  }

  /** Replaces the certificate for new connections. */
  setTls(tls: TlsMaterial): void {
    this.#tls?.setSecureContext({ ...tls, minVersion: 'TLSv1.2' });
  }

  /** Answers the challenge tls-alpn-01 for a name with this certificate, or no longer. Other connections are not affected. */
  setChallenge(domain: string, tls: TlsMaterial | undefined): void {
    if (tls) {
      this.#challenges.set(domain, createSecureContext(tls));
    } else {
      this.#challenges.delete(domain);
    }
  }

  async close(): Promise<void> {
    const closed = this.#tcp.listening ? once(this.#tcp, 'close') : undefined;
    this.http.close();
    this.#redirecting.close();
    this.#tcp.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
  }

  async #listen(host: string, port: number): Promise<void> {
    const listening = once(this.#tcp, 'listening');
    this.#tcp.listen({ host, port });
    await listening;
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const { remoteAddress = '' } = socket;
    let release: () => void;
    try {
      release = this.#options.connections.take({ address: networkOf(remoteAddress) });
    } catch (error) {
      this.#note('connection refused', CanopyError.from(error).code, remoteAddress);
      socket.resetAndDestroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      release();
    });
    if (!this.#tls) {
      this.#serve(socket);
      return;
    }
    socket.setTimeout(FIRST_BYTE_MS, () => socket.destroy());
    socket.once('readable', () => {
      const first: Buffer | null = socket.read(1);
      if (first === null) {
        return;
      }
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE && this.#challenges.size > 0) {
        this.#withHello(socket, (hello) => {
          const server = hello.includes(ACME_ALPN) ? this.#acme : this.#tls;
          server?.emit('connection', socket);
        });
        return;
      }
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      if (first[0] === TLS_HANDSHAKE) {
        this.#tls?.emit('connection', socket);
      } else if (isLoopback(socket.remoteAddress ?? '')) {
        this.#serve(socket);
      } else {
        this.#redirecting.emit('connection', socket);
      }
    });
  }

  /** Calls back with the first TLS record, which begins with the ClientHello, and puts it back into the socket. */
  #withHello(socket: Socket, act: (hello: Buffer) => void): void {
    let hello = Buffer.alloc(0);
    const collect = () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
        hello = Buffer.concat([hello, chunk as Buffer]);
      }
      const length = hello.length < RECORD_HEADER_BYTES ? Infinity : hello.readUInt16BE(RECORD_LENGTH_AT);
      if (hello.length < RECORD_HEADER_BYTES + length) {
        return;
      }
      socket.off('readable', collect);
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.unshift(hello);
      act(hello);
    };
    socket.on('readable', collect);
    collect();
  }

  /** Logs events that anyone can cause, each kind once per minute and network. */
  #note(message: string, code: string, address = 'unknown'): void {
    const isShown = this.#lines.may(`${message} ${code} ${networkOf(address)}`);
    this.#options.log[isShown ? 'info' : 'debug']({ code, address }, message);
  }

  #serve(socket: Socket | TLSSocket): void {
    this.http.emit('connection', socket);
  }
}

/** An HTTP server that is handed its connections. */
function createDetachedServer(): HttpServer {
  const server = createHttpServer(TIME_LIMITS);
  // Node enforces the time limits only once a server listens, which this one never does.
  server.emit('listening');
  return server;
}

function redirect({ headers, url }: IncomingMessage, response: ServerResponse): void {
  const host = headers.host ?? '';
  const location = /^[\w.:[\]-]+$/.test(host) ? `https://${host}${url ?? '/'}` : 'https://localhost/';
  response.writeHead(308, { location, connection: 'close' }).end();
}

/** The peer address of a TLS socket, even after it has closed: the underlying connection still knows it. */
function addressOf(socket: TLSSocket): string | undefined {
  const { _parent: below } = socket as TLSSocket & { _parent?: Socket };
  return socket.remoteAddress ?? below?.remoteAddress;
}
