import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  createSecureContext,
  createServer as createTlsServer,
  type SecureContext,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { isLoopback } from '../../../base/index.ts';
import { createDetachedServer } from './detached-server.ts';
import { TcpPort, type TcpPortOptions } from './tcp-port.ts';

export interface TlsMaterial {
  /** PEM chain. */
  cert: string;
  /** PEM key. */
  key: string;
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

/**
 * One TCP port for HTTPS and, on loopback, plain HTTP: browsers treat `http://localhost` as secure, so trying Canopy locally needs no
 * certificate. Plain HTTP from other addresses is redirected to HTTPS.
 */
export class Listener {
  /** The server for fastify and socket.io. It does not listen; it is handed accepted connections. */
  readonly http: HttpServer;
  readonly #tcp: TcpPort;
  readonly #tls: TlsServer | null;
  readonly #redirecting = createDetachedServer().on('request', redirect);
  /** Answers the challenges of an ACME authority. */
  readonly #acme: TlsServer;
  readonly #challenges = new Map<string, SecureContext>();

  /** @param tls null: plain HTTP for all clients (behind a proxy) */
  constructor(tls: TlsMaterial | null, options: TcpPortOptions) {
    this.#tcp = new TcpPort(options, (socket) => this.#accept(socket));
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
    this.#tls?.on('tlsClientError', (error, socket) => this.#tcp.refuse(socket, error));
    this.#acme = createTlsServer({
      ALPNProtocols: [ACME_ALPN],
      handshakeTimeout: FIRST_BYTE_MS,
      SNICallback: (name, done) => done(null, this.#challenges.get(name)),
    });
    // The handshake is the answer.
    this.#acme.on('secureConnection', (socket) => socket.end());
    this.#acme.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** The bound port. */
  get port(): number {
    return this.#tcp.port;
  }

  /** Starts listening. @throws {CanopyError} PORT_IN_USE; CONFIG_INVALID - the host is not an address of this machine */
  listen(host: string, port: number): Promise<void> {
    return this.#tcp.listen(host, port, '--port');
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
    this.http.close();
    this.#redirecting.close();
    await this.#tcp.close();
  }

  #accept(socket: Socket): void {
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

  #serve(socket: Socket | TLSSocket): void {
    this.http.emit('connection', socket);
  }
}

function redirect({ headers, url }: IncomingMessage, response: ServerResponse): void {
  const host = headers.host ?? '';
  const location = /^[\w.:[\]-]+$/.test(host) ? `https://${host}${url ?? '/'}` : 'https://localhost/';
  response.writeHead(308, { location, connection: 'close' }).end();
}
