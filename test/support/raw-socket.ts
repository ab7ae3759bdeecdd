import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { WebSocket } from 'ws';

/** The server's refusal of a socket: HTTP status and body. */
export interface Refusal {
  status: number;
  body: string;
}

/** A WebSocket at the server's socket.io address that answers nothing automatically, not even pings. */
export class RawSocket {
  readonly ws: WebSocket;
  /** Resolves with the close code when the connection has ended. */
  readonly closed: Promise<number>;
  /** All received engine.io packets. */
  readonly received: string[] = [];

  private constructor(ws: WebSocket) {
    this.ws = ws;
    this.closed = new Promise((resolve) => ws.once('close', resolve));
    ws.on('message', (data) => this.received.push(String(data)));
    // The server may reset the connection.
    ws.on('error', () => undefined);
  }

  /** Opens a socket with these headers. Default: the server's own origin. */
  static async open(
    url: string,
    {
      headers,
      query = 'EIO=4&transport=websocket',
    }: { headers?: Record<string, string>; query?: string } = {},
  ): Promise<RawSocket> {
    const socket = RawSocket.#dial(url, headers, query);
    await once(socket.ws, 'open');
    return socket;
  }

  /** Opens a socket that must be refused. */
  static async refusal(
    url: string,
    {
      headers,
      query = 'EIO=4&transport=websocket',
    }: { headers?: Record<string, string>; query?: string } = {},
  ): Promise<Refusal> {
    const { ws } = RawSocket.#dial(url, headers, query);
    const opened = once(ws, 'open').then(() => {
      ws.terminate();
      throw new Error('the socket was not refused');
    });
    const refused = once(ws, 'unexpected-response').then(async (heard) => {
      const response: IncomingMessage = heard[1];
      let body = '';
      for await (const chunk of response) {
        body += String(chunk);
      }
      return { status: response.statusCode ?? 0, body };
    });
    return Promise.race([refused, opened]);
  }

  /** Opens a socket, enters socket.io's namespace and waits for the challenge. */
  static async challenged(url: string): Promise<RawSocket> {
    const socket = await RawSocket.open(url);
    socket.ws.send('40');
    await socket.next((packet) => packet.includes('auth.challenge'));
    return socket;
  }

  /** The underlying TCP connection. */
  get tcp(): TcpSocket {
    return (this.ws as unknown as { _socket: TcpSocket })._socket;
  }

  /** The first matching packet, past or future. */
  async next(fits: (packet: string) => boolean): Promise<string> {
    for (;;) {
      const packet = this.received.find(fits);
      if (packet !== undefined) {
        return packet;
      }
      await once(this.ws, 'message', { signal: AbortSignal.timeout(30_000) });
    }
  }

  /** Resolves when everything is written to the kernel or the connection has ended. */
  async flushed(): Promise<void> {
    while (this.ws.readyState === WebSocket.OPEN && this.ws.bufferedAmount > 0) {
      await Promise.race([once(this.tcp, 'drain'), this.closed]);
    }
  }

  close(): void {
    this.ws.terminate();
  }

  static #dial(
    url: string,
    headers: Record<string, string> = { Origin: new URL(url).origin },
    query: string,
  ): RawSocket {
    const address = `${url.replace(/^http/, 'ws')}/socket.io/?${query}`;
    return new RawSocket(new WebSocket(address, { headers, autoPong: false, perMessageDeflate: false }));
  }
}
