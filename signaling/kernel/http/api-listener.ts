import { constants } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import type { Server as HttpServer, IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { CanopyError } from '../../../base/index.ts';
import { createDetachedServer } from './detached-server.ts';
import type { TlsMaterial } from './listener.ts';
import { TcpPort, type TcpPortOptions } from './tcp-port.ts';
import { readAuthorities } from './tls-files.ts';

export interface ApiListenerOptions extends TcpPortOptions {
  /** The server's own certificate. */
  tls: TlsMaterial;
  /** File with the authorities of the clients' certificates (PEM). */
  clientCa: string;
  /** Answers requests. */
  handle: RequestListener;
  /** Unix time in milliseconds. */
  now?: () => number;
}

/** How long a TLS handshake may take, in milliseconds. */
const HANDSHAKE_MS = 10_000;
/** How often the file is checked for changes, in milliseconds. */
const POLL_MS = 10_000;
/** What is answered here: the API and metrics, but neither the page nor signalling. */
const PATHS = /^\/(?:api\/|metrics(?:\?|$))/;

/** A port for the REST API that only clients with a certificate can use (mutual TLS, RFC 8446 §4.3.2). */
export class ApiListener {
  readonly #options: ApiListenerOptions;
  readonly #tcp: TcpPort;
  readonly #tls: TlsServer;
  readonly #http: HttpServer;
  /** When the client's certificate expires, by connection. Unix times in milliseconds. */
  readonly #expiresMs = new WeakMap<Socket, number>();
  #material: TlsMaterial;
  #authorities: string;

  /** @throws {CanopyError} CONFIG_INVALID - the file with the authorities is unusable */
  constructor(options: ApiListenerOptions) {
    const { tls, clientCa, handle, now = Date.now } = options;
    this.#options = options;
    this.#material = tls;
    this.#authorities = readAuthorities('api.clientCa', clientCa);
    this.#tcp = new TcpPort(options, (socket) => this.#tls.emit('connection', socket));
    this.#tls = createTlsServer({
      ...this.#context,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.#tls.on('secureConnection', (socket) => this.#admit(socket));
    this.#tls.on('tlsClientError', (error, socket) => this.#tcp.refuse(socket, error));
    this.#http = createDetachedServer();
    this.#http.on('request', (request, response) => {
      if ((this.#expiresMs.get(request.socket) ?? 0) <= now()) {
        // The connection outlived it.
        request.socket.destroy();
      } else if (PATHS.test(request.url ?? '')) {
        // No proxy is in front of this port.
        delete request.headers['x-forwarded-for'];
        handle(request, response);
      } else {
        response.writeHead(404, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: new CanopyError('NOT_FOUND').toJSON() }));
      }
    });
  }

  /** The bound port. */
  get port(): number {
    return this.#tcp.port;
  }

  /** Whether a request came through this port. */
  serves({ socket }: Pick<IncomingMessage, 'socket'>): boolean {
    return this.#expiresMs.has(socket);
  }

  /** Starts listening. @throws {CanopyError} PORT_IN_USE, CONFIG_INVALID */
  async listen(host: string, port: number): Promise<void> {
    await this.#tcp.listen(host, port, 'api.port');
    watchFile(this.#options.clientCa, { interval: POLL_MS, persistent: false }, () => this.reload());
  }

  /** Replaces the server's certificate for new connections. */
  setTls(tls: TlsMaterial): void {
    this.#material = tls;
    this.#tls.setSecureContext(this.#context);
  }

  /** Reads the authorities of the clients' certificates again, for new connections. An unusable file changes nothing. */
  reload(): void {
    const { clientCa, log } = this.#options;
    try {
      this.#authorities = readAuthorities('api.clientCa', clientCa);
      this.#tls.setSecureContext(this.#context);
      log.info('authorities for client certificates loaded');
    } catch (error) {
      log.error(
        { err: error },
        'authorities for client certificates are unusable; keeping the previous ones',
      );
    }
  }

  async close(): Promise<void> {
    unwatchFile(this.#options.clientCa);
    this.#http.close();
    await this.#tcp.close();
  }

  /** No session tickets, so that every connection has to prove its certificate. */
  get #context() {
    return {
      ...this.#material,
      ca: this.#authorities,
      minVersion: 'TLSv1.3',
      secureOptions: constants.SSL_OP_NO_TICKET,
    } as const;
  }

  #admit(socket: TLSSocket): void {
    this.#expiresMs.set(socket, Date.parse(socket.getPeerCertificate().valid_to));
    this.#http.emit('connection', socket);
  }
}
