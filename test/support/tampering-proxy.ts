import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RawData, WebSocket, WebSocketServer } from 'ws';

export type Tamper = (text: string, direction: 'to-server' | 'to-client') => string;

/**
 * A reverse proxy that reads and rewrites WebSocket messages, like a man in the middle who has the TLS key.
 */
export class TamperingProxy {
  /** Rewrites messages; changes nothing until it is set. */
  tamper: Tamper = (text) => text;
  /** Origin of the server behind it, e.g. `http://127.0.0.1:8443`. */
  target = '';
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<TamperingProxy> {
    const server = createServer();
    const proxy = new TamperingProxy(server);
    server.on('request', (incoming, response) => {
      const { method, headers, url } = incoming;
      const outgoing = request(new URL(url ?? '/', proxy.target), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', () => response.destroy());
      incoming.pipe(outgoing);
    });
    server.on('upgrade', (incoming, socket, head) => {
      proxy.#sockets.handleUpgrade(incoming, socket, head, (client) => proxy.#join(client, incoming));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) {
      client.terminate();
    }
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: WebSocket, { url, headers }: IncomingMessage): void {
    const target = new URL(url ?? '/', this.target.replace(/^http/, 'ws'));
    const server = new WebSocket(target, { headers: { origin: headers.origin }, perMessageDeflate: false });
    const waiting: string[] = [];
    client.on('message', (data: RawData) => {
      const text = this.tamper(data.toString(), 'to-server');
      if (server.readyState === WebSocket.OPEN) {
        server.send(text);
      } else {
        waiting.push(text);
      }
    });
    server.on('open', () => {
      for (const text of waiting.splice(0)) {
        server.send(text);
      }
    });
    server.on('message', (data: RawData) => client.send(this.tamper(data.toString(), 'to-client')));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('close', () => other.terminate());
      one.on('error', () => other.terminate());
    }
  }
}
