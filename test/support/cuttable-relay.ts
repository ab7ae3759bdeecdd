import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP relay between a client and a server on loopback that can fail as networks do. */
export class CuttableRelay {
  readonly port: number;
  readonly #server: Server;
  readonly #upstreamPort: () => number;
  readonly #sockets = new Set<Socket>();
  #refusing = false;

  private constructor(server: Server, upstreamPort: () => number) {
    this.#server = server;
    this.#upstreamPort = upstreamPort;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#join(socket));
  }

  /** @param upstreamPort called for each connection */
  static async open(upstreamPort: () => number): Promise<CuttableRelay> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CuttableRelay(server, upstreamPort);
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Resets all connections; new ones pass. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  /** Silently drops everything on the current connections; new ones pass. */
  silence(): void {
    for (const socket of this.#sockets) {
      socket.pause();
    }
  }

  /** Resets all connections, including new ones, until allow(). */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  allow(): void {
    this.#refusing = false;
  }

  close(): void {
    this.refuse();
    this.#server.close();
  }

  #join(client: Socket): void {
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ host: '127.0.0.1', port: this.#upstreamPort(), noDelay: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
