import { isUtf8 } from 'node:buffer';
import type { RawData, WebSocket } from 'ws';
import { MAX_UNSENT_BYTES } from './connection.ts';
import { ConnectionPatience, type PatienceOptions } from './connection-patience.ts';
import type { Endpoint, Flow } from './flow.ts';
import { PingLimit } from './ping-limit.ts';

export interface WebSocketConnectionEvents {
  onMessage(bytes: Buffer, flow: Flow): void;
  onClosed(flow: Flow): void;
}

export interface WebSocketConnectionOptions extends PatienceOptions {
  protocol: 'ws' | 'wss';
  remote: Endpoint;
  /** Our host and port in Via and Contact. */
  advertised: { host: string; port: number };
}

/** Interval of our pings, in milliseconds. A peer that answers none within it is gone: its phone must not seem reachable. */
const PING_MS = 30_000;
/** The keep-alive of a SIP client, and our answer (RFC 5626 §4.4.1). */
const PING = '\r\n\r\n';
const PONG = '\r\n';

/** A WebSocket, as a flow: each of its messages is one SIP message (RFC 7118 §5). Owns its socket. */
export class WebSocketConnection implements Flow {
  readonly reliable = true;
  readonly protocol: 'ws' | 'wss';
  readonly remote: Endpoint;
  readonly advertised: { host: string; port: number };
  readonly #socket: WebSocket;
  readonly #events: WebSocketConnectionEvents;
  readonly #patience: ConnectionPatience;
  readonly #pings = new PingLimit();
  readonly #closeListeners = new Set<(error: Error | undefined) => void>();
  readonly #pinging: NodeJS.Timeout;
  #answered = true;
  #error: Error | undefined;
  #open = true;

  constructor(socket: WebSocket, options: WebSocketConnectionOptions, events: WebSocketConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    this.protocol = options.protocol;
    this.remote = options.remote;
    this.advertised = options.advertised;
    this.#patience = new ConnectionPatience(options, () => this.close());
    socket.on('message', (data) => this.#receive(data));
    socket.on('ping', (data: Buffer) => this.#answerPing(() => socket.pong(data)));
    socket.on('pong', () => {
      this.#answered = true;
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.#closed());
    this.#pinging = setInterval(() => this.#ping(), PING_MS);
    this.#pinging.unref();
  }

  get open(): boolean {
    return this.#open;
  }

  trust(): void {
    this.#patience.trust(false);
  }

  send(bytes: Buffer): void {
    if (!this.#open) {
      return;
    }
    if (this.#socket.bufferedAmount > MAX_UNSENT_BYTES) {
      this.#error = new Error('the peer does not read its connection');
      this.close();
      return;
    }
    // Browsers read text more easily than binary messages. SIP may contain other bytes, too.
    this.#socket.send(bytes, { binary: !isUtf8(bytes) }, () => {});
  }

  onClose(listener: (error: Error | undefined) => void): () => void {
    if (!this.#open) {
      queueMicrotask(() => listener(this.#error));
      return () => {};
    }
    this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  /** Closes at once and discards unsent bytes. */
  close(): void {
    this.#socket.terminate();
  }

  /** `data` is one Buffer, as the listener's WebSockets are set to that type. */
  #receive(data: RawData): void {
    const bytes = data as Buffer;
    if (!this.#open) {
      return;
    }
    if (bytes.length <= PING.length) {
      const text = bytes.toString('latin1');
      if (text === PING) {
        this.#answerPing(() => this.send(Buffer.from(PONG)));
      } else if (text !== PONG) {
        this.close();
      }
      return;
    }
    this.#patience.received();
    this.#events.onMessage(bytes, this);
    this.#patience.wait(false);
  }

  #answerPing(answer: () => void): void {
    if (this.#pings.take(1)) {
      answer();
    } else {
      this.#error = new Error('the peer floods its connection with keep-alives');
      this.close();
    }
  }

  #ping(): void {
    if (!this.#answered) {
      this.#error = new Error('the peer answers no pings');
      this.close();
      return;
    }
    this.#answered = false;
    this.#socket.ping();
  }

  #closed(): void {
    if (!this.#open) {
      return;
    }
    this.#open = false;
    clearInterval(this.#pinging);
    this.#patience.close();
    this.#events.onClosed(this);
    for (const listener of this.#closeListeners) {
      listener(this.#error);
    }
    this.#closeListeners.clear();
  }
}
