import type { Socket } from 'node:net';
import { createServer, type Server } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type { Endpoint } from './flow.ts';

export interface StreamOptions {
  protocol: 'tcp' | 'tls';
  address: string;
  port: number;
  advertise?: { host: string; port?: number };
  /** Certificate chain and key (PEM); required for TLS. */
  tls?: { cert: string | Buffer; key: string | Buffer };
}

/** A TCP or TLS socket that accepts connections. The connections belong to the transport layer. */
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

  /** Listens. Rejects with the system's error (EADDRINUSE …), or OpenSSL's for a bad certificate. */
  static async create(options: StreamOptions, onSocket: (socket: Socket) => void): Promise<StreamListener> {
    const server =
      options.protocol === 'tls'
        ? createTlsServer({ ...options.tls, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 }, onSocket)
        : createServer(onSocket);
    // A failed handshake is the peer's problem.
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: options.port, host: options.address }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // EMFILE and the like: the connection is lost, the listener goes on.
    server.on('error', () => {});
    return new StreamListener(server, options);
  }

  get local(): Endpoint {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') {
      return { address: '', port: 0 };
    }
    return { address: address.address, port: address.port };
  }

  /** Takes a new certificate for further handshakes. */
  setCertificate(tls: { cert: string | Buffer; key: string | Buffer }): void {
    if ('setSecureContext' in this.#server) {
      this.#server.setSecureContext(tls);
    }
  }

  /** Stops accepting; resolves when the connections are closed too. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => this.#server.close(() => resolve()));
    return this.#closing;
  }
}
