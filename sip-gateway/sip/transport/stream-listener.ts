import type { Socket } from 'node:net';
import { createServer, type Server } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type { Endpoint } from './flow.ts';
import { endpointOf, listen } from './listening.ts';

export interface StreamOptions {
  protocol: 'tcp' | 'tls';
  address: string;
  port: number;
  advertise?: { host: string; port?: number };
  /** Certificate chain and key (PEM); required for TLS. */
  tls?: { cert: string | Buffer; key: string | Buffer };
}

/** A phone may present a certificate. Whether it is good is for others to say; without one it is a phone like any other. */
const TLS = {
  minVersion: 'TLSv1.2',
  handshakeTimeout: 10_000,
  requestCert: true,
  rejectUnauthorized: false,
} as const;

/** A TCP or TLS server socket. The transport layer owns the connections. */
export class StreamListener {
  readonly protocol: 'tcp' | 'tls';
  readonly options: StreamOptions;
  readonly #server: Server | TlsServer;
  #closing: Promise<void> | undefined;

  private constructor(server: Server | TlsServer, options: StreamOptions) {
    this.#server = server;
    this.options = options;
    this.protocol = options.protocol;
  }

  /** Starts listening. @throws {Error} a system error such as EADDRINUSE, or OpenSSL's for an invalid certificate */
  static async create(options: StreamOptions, onSocket: (socket: Socket) => void): Promise<StreamListener> {
    const server =
      options.protocol === 'tls'
        ? createTlsServer({ ...options.tls, ...TLS }, onSocket)
        : createServer(onSocket);
    // Ignore failed handshakes.
    server.on('tlsClientError', () => {});
    await listen(server, options);
    return new StreamListener(server, options);
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
    this.#closing ??= new Promise((resolve) => this.#server.close(() => resolve()));
    return this.#closing;
  }
}
