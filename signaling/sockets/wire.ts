import { TokenBucket } from './token-bucket.ts';

/** What is used of engine.io's connection. */
export interface EngineSocket {
  readonly writeBuffer: ReadonlyArray<{ data?: unknown }>;
  readonly transport: { readonly socket: WebSocketLike };
  on(event: 'packet', listener: () => void): unknown;
}

interface WebSocketLike {
  readonly bufferedAmount: number;
  on(event: 'ping' | 'pong', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  terminate(): void;
}

export interface WireOptions {
  packetsPerSecond: number;
  /** How many packets may come at once. */
  burst: number;
  /** Most that may wait to be sent, in bytes. */
  sendQueueBytes: number;
}

export type Offence = 'RATE_LIMITED' | 'SLOW_READER';

/** How long a connection that was told to close may take, in milliseconds. */
const FAREWELL_MILLISECONDS = 1000;

/**
 * One WebSocket from its first byte to its last, whatever is spoken on it. It counts all that comes, since socket.io and ws answer
 * much by themselves (namespaces, heartbeats, pings), and what waits to be sent, since neither bounds it (threat cases 4 and 8).
 */
export class Wire {
  readonly #raw: EngineSocket;
  readonly #webSocket: WebSocketLike;
  readonly #options: WireOptions;
  readonly #bucket: TokenBucket;
  #onOffence: (offence: Offence) => void = () => this.cut();

  constructor(raw: EngineSocket, options: WireOptions) {
    this.#raw = raw;
    this.#webSocket = raw.transport.socket;
    this.#options = options;
    this.#bucket = new TokenBucket(options.packetsPerSecond, options.burst, performance.now());
    raw.on('packet', () => this.#received());
    this.#webSocket.on('ping', () => this.#received());
    this.#webSocket.on('pong', () => this.#received());
  }

  /** Calls back when the connection is gone, not only its session. */
  onceClosed(listener: () => void): void {
    this.#webSocket.once('close', listener);
  }

  /** Who decides on an offence, e.g. to tell the client why. Until one is named the connection is cut. */
  onOffence(listener: (offence: Offence) => void): void {
    this.#onOffence = listener;
  }

  /** What engine.io holds back and what the WebSocket has not handed to the kernel, in bytes. */
  get unsentBytes(): number {
    let bytes = this.#webSocket.bufferedAmount;
    for (const { data } of this.#raw.writeBuffer) {
      bytes += typeof data === 'string' ? data.length : data instanceof Uint8Array ? data.byteLength : 0;
    }
    return bytes;
  }

  /** To be called after sending. */
  checkQueue(): void {
    if (this.unsentBytes > this.#options.sendQueueBytes) {
      this.#onOffence('SLOW_READER');
    }
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#webSocket.terminate();
  }

  /** Ends the connection if the client has not closed it by then: ws itself would wait for half a minute. */
  cutSoon(): void {
    setTimeout(() => this.cut(), FAREWELL_MILLISECONDS).unref();
  }

  #received(): void {
    if (!this.#bucket.take(performance.now())) {
      this.#onOffence('RATE_LIMITED');
    }
    this.checkQueue();
  }
}
