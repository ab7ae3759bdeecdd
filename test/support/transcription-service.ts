import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** A voice as the service gets it. */
export class HeardVoice {
  readonly request: IncomingMessage;
  /** The first message. */
  start: { participantId: string; displayName: string; roomId: string; language: string } | undefined;
  hasEnded = false;
  readonly #socket: WebSocket;
  readonly #chunks: Int16Array[] = [];

  constructor(socket: WebSocket, request: IncomingMessage) {
    this.#socket = socket;
    this.request = request;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        this.#chunks.push(
          Int16Array.from({ length: data.length / 2 }, (_, index) => data.readInt16LE(2 * index)),
        );
        return;
      }
      const message = JSON.parse(String(data));
      if (message.type === 'start') {
        this.start = message;
      } else {
        this.hasEnded = true;
        socket.close();
      }
    });
  }

  /** Whether the stream has neither ended nor been cut. */
  get isOpen(): boolean {
    return !this.hasEnded && this.#socket.readyState === this.#socket.OPEN;
  }

  /** What was heard so far, at 16 kHz. */
  get samples(): Int16Array {
    const all = new Int16Array(this.#chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  /** Sends any message to Canopy. */
  say(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  caption(text: string, isFinal: boolean): void {
    this.say({ type: 'caption', text, isFinal });
  }
}

/** The other end of `captions.url`: keeps what it hears, and says what the test wants. */
export class TranscriptionService {
  readonly port: number;
  readonly voices: HeardVoice[] = [];
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket, request) => this.voices.push(new HeardVoice(socket, request)));
  }

  /** @param port default: a free one */
  static async start(port = 0): Promise<TranscriptionService> {
    const server = new WebSocketServer({ host: '127.0.0.1', port });
    await once(server, 'listening');
    return new TranscriptionService(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Cuts all connections and stops listening. */
  async close(): Promise<void> {
    for (const socket of this.#server.clients) {
      socket.terminate();
    }
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}
