import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server on loopback, over TCP, and fails in the ways that networks do. */
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

  /** @param upstreamPort asked at each connection */
  static async open(upstreamPort: () => number): Promise<CuttableRelay> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CuttableRelay(server, upstreamPort);
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** Connections that pass through now. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Resets every connection; new ones pass. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  /** Lets nothing of the present connections through any more, and tells neither side; new ones pass. */
  silence(): void {
    for (const socket of this.#sockets) {
      socket.pause();
    }
  }

  /** Resets every connection, and new ones too, until allow(). */
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
